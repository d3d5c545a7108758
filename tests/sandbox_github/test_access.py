"""Collaborators, teams, environments, rulesets and variables."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_github.client import MEMBER, OUTSIDER, OWNER, Client, encoded, repository, seed, start

PULL_REQUEST = {
    "type": "pull_request",
    "parameters": {
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_approving_review_count": 1,
        "required_review_thread_resolution": False,
    },
}


def ruleset(**changes: Any) -> dict[str, Any]:
    return {
        "name": "protect",
        "target": "branch",
        "enforcement": "active",
        "conditions": {
            "ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []},
            "repository_name": {"include": ["mlops-*"], "exclude": ["mlops-open"]},
        },
        "bypass_actors": [{"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "always"}],
        "rules": [{"type": "deletion"}, {"type": "non_fast_forward"}, PULL_REQUEST],
        **changes,
    }


def test_a_member_becomes_a_collaborator_and_any_other_account_is_invited(call: Client) -> None:
    path = repository(call, "shared")
    assert call("PUT", f"{path}/collaborators/mia", {"permission": "push"}).status == 204
    assert call("GET", f"{path}/collaborators/mia/permission").json["permission"] == "write"
    invited = call("PUT", f"{path}/collaborators/otto", {"permission": "push"})
    assert invited.status == 201
    assert invited.json["invitee"]["login"] == "otto"
    assert call("GET", f"{path}/collaborators/otto").status == 404
    assert [one["invitee"]["login"] for one in call("GET", f"{path}/invitations").json] == ["otto"]
    assert call.by(OUTSIDER)("GET", path).status == 404
    assert call("PUT", f"{path}/collaborators/nobody").status == 404
    assert call("DELETE", f"{path}/collaborators/mia").status == 204
    assert call("GET", f"{path}/collaborators/mia/permission").json["permission"] == "read"


def test_accounts_are_found_by_their_exact_login_only(call: Client) -> None:
    assert call("GET", "/users/mia").json["id"] == 12
    assert call("GET", "/users/MIA").json["login"] == "mia"
    assert call("GET", "/users/mi").status == 404
    assert call("GET", "/orgs/acme/members/mia").status == 204
    assert call("GET", "/orgs/acme/members/otto").status == 404
    assert call("GET", "/orgs/acme/memberships/olivia").json["role"] == "admin"
    assert call("GET", "/orgs/acme/memberships/otto").status == 404
    assert call("GET", "/orgs/other").status == 404


def test_a_teams_permission_in_a_repository_applies_to_its_members(call: Client) -> None:
    path = repository(call, "teamwork")
    made = call("POST", "/orgs/acme/teams", {"name": "Data Science", "privacy": "closed"})
    assert (made.status, made.json["slug"]) == (201, "data-science")
    assert call("POST", "/orgs/acme/teams", {"name": "data science"}).status == 422
    team = "/orgs/acme/teams/data-science"
    assert call("PUT", f"{team}/memberships/mia", {"role": "member"}).status == 200
    assert call("PUT", f"{team}/repos/acme/teamwork", {"permission": "push"}).status == 204
    body = {"message": "m", "content": encoded("a")}
    assert call.by(MEMBER)("PUT", f"{path}/contents/a", body).status == 201
    assert call("DELETE", f"{team}/memberships/mia").status == 204
    assert call.by(MEMBER)("PUT", f"{path}/contents/b", body).status == 403
    assert call("PATCH", team, {"name": "Science"}).json["slug"] == "science"
    assert call("DELETE", "/orgs/acme/teams/science").status == 204
    assert call("GET", "/orgs/acme/teams").json == []


def test_an_environment_keeps_its_id_when_it_is_put_again(call: Client) -> None:
    path = repository(call, "deployed")
    first = call("PUT", f"{path}/environments/dev", {})
    assert first.status == 200
    reviewers = [{"type": "User", "id": 12}]
    second = call("PUT", f"{path}/environments/dev", {"reviewers": reviewers, "prevent_self_review": True})
    assert second.json["id"] == first.json["id"]
    rule = second.json["protection_rules"][0]
    assert rule["prevent_self_review"] is True
    assert [one["reviewer"]["login"] for one in rule["reviewers"]] == ["mia"]
    assert call("GET", f"{path}/environments").json["total_count"] == 1
    assert call("DELETE", f"{path}/environments/dev").status == 204
    assert call("GET", f"{path}/environments/dev").status == 404


def test_an_environment_shows_its_protection_rules(call: Client) -> None:
    path = repository(call, "deployed")
    team = call("POST", "/orgs/acme/teams", {"name": "Releases", "privacy": "closed"}).json
    assert call("PUT", f"/orgs/acme/teams/releases{path}", {"permission": "pull"}).status == 204
    body = {
        "reviewers": [{"type": "User", "id": 12}, {"type": "Team", "id": team["id"]}],
        "prevent_self_review": True,
        "deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False},
    }
    assert call("PUT", f"{path}/environments/prod", body).status == 200
    shown = call("GET", f"{path}/environments/prod").json
    reviewers, branches = shown["protection_rules"]
    assert (reviewers["type"], reviewers["prevent_self_review"]) == ("required_reviewers", True)
    assert [(one["type"], one["reviewer"]["id"]) for one in reviewers["reviewers"]] == [
        ("User", 12),
        ("Team", team["id"]),
    ]
    assert branches["type"] == "branch_policy"
    assert shown["deployment_branch_policy"] == body["deployment_branch_policy"]
    assert call("DELETE", "/orgs/acme/teams/releases").status == 204
    assert len(call("GET", f"{path}/environments/prod").json["protection_rules"][0]["reviewers"]) == 1


def test_administrators_can_bypass_the_protection_of_an_environment_by_default(call: Client) -> None:
    path = repository(call, "deployed")
    assert call("PUT", f"{path}/environments/prod", {}).json["can_admins_bypass"] is True
    assert call("PUT", f"{path}/environments/prod", {"can_admins_bypass": False}).status == 200
    assert call("GET", f"{path}/environments/prod").json["can_admins_bypass"] is False


BY_NAME = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


def test_a_custom_branch_policy_admits_branches_and_tags_by_name(call: Client) -> None:
    path = repository(call, "deployed")
    policies = f"{path}/environments/prod/deployment-branch-policies"
    assert call("PUT", f"{path}/environments/prod", BY_NAME).status == 200
    assert call("GET", policies).json == {"total_count": 0, "branch_policies": []}
    made = call("POST", policies, {"name": "main"})
    assert (made.status, made.json["name"], made.json["type"]) == (200, "main", "branch")
    one = f"{policies}/{made.json['id']}"
    again = call("POST", policies, {"name": "main", "type": "branch"})
    assert (again.status, again.headers["location"]) == (303, f"{call.github.store.url}/api/v3{one}")
    assert call("POST", policies, {"name": "main", "type": "tag"}).status == 200
    assert call("GET", policies).json["total_count"] == 2
    assert call("GET", one).json == made.json
    assert call("DELETE", one).status == 204
    assert call("DELETE", one).status == 404
    assert [each["type"] for each in call("GET", policies).json["branch_policies"]] == ["tag"]


def test_name_policies_do_not_exist_without_a_custom_branch_policy(call: Client) -> None:
    path = repository(call, "deployed")
    policies = f"{path}/environments/prod/deployment-branch-policies"
    assert call("GET", policies).status == 404
    assert call("PUT", f"{path}/environments/prod", BY_NAME).status == 200
    one = f"{policies}/{call('POST', policies, {'name': 'main'}).json['id']}"
    protected = {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}
    assert call("PUT", f"{path}/environments/prod", protected).status == 200
    assert call("GET", policies).json["branch_policies"] == []
    assert call("POST", policies, {"name": "release"}).status == 404
    assert call("GET", one).status == 404
    assert call("PUT", f"{path}/environments/prod", BY_NAME).status == 200
    assert call("GET", one).json["name"] == "main"


@pytest.mark.parametrize(
    ("body", "message"),
    [({}, '"name" wasn\'t supplied'), ({"name": ""}, "Validation Failed"), ({"name": "a", "type": "commit"}, "type")],
)
def test_a_name_policy_needs_a_name_and_a_known_type(call: Client, body: dict[str, Any], message: str) -> None:
    path = repository(call, "deployed")
    assert call("PUT", f"{path}/environments/prod", BY_NAME).status == 200
    refused = call("POST", f"{path}/environments/prod/deployment-branch-policies", body)
    assert refused.status == 422
    assert message in refused.json["message"]


def test_only_administrators_of_the_repository_change_name_policies(call: Client) -> None:
    path = repository(call, "deployed")
    policies = f"{path}/environments/prod/deployment-branch-policies"
    assert call("PUT", f"{path}/environments/prod", BY_NAME).status == 200
    assert call("PUT", f"{path}/collaborators/mia", {"permission": "push"}).status in (201, 204)
    member = call.by(MEMBER)
    assert member("GET", policies).status == 200
    assert member("POST", policies, {"name": "feature"}).status == 403
    one = f"{policies}/{call('POST', policies, {'name': 'main'}).json['id']}"
    assert member("DELETE", one).status == 403


def test_an_account_that_cannot_read_the_repository_does_not_become_a_reviewer(call: Client) -> None:
    path = repository(call, "deployed")
    team = call("POST", "/orgs/acme/teams", {"name": "Elsewhere", "privacy": "closed"}).json
    strangers = [{"type": "User", "id": 13}, {"type": "User", "id": 99}, {"type": "Team", "id": team["id"]}]
    dropped = call("PUT", f"{path}/environments/prod", {"reviewers": strangers})
    assert (dropped.status, dropped.json["protection_rules"]) == (200, [])
    refused = call("PUT", f"{path}/environments/prod", {"reviewers": strangers, "prevent_self_review": True})
    assert refused.status == 422
    assert "must have at least one reviewer to set prevent_self_review" in refused.json["message"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"prevent_self_review": True}, 422, "must have at least one reviewer"),
        ({"reviewers": [{"type": "User", "id": 12}] * 7}, 422, "Only up to 6 reviewers"),
        ({"reviewers": [{"type": "Role", "id": 12}]}, 422, "reviewers/0/type"),
        ({"wait_timer": 30}, 501, "not implemented here"),
        ({"wait_timer": 43201}, 422, "Validation Failed"),
        ({"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": True}}, 422, "same value"),
    ],
)
def test_invalid_protection_rules_are_refused(call: Client, body: dict[str, Any], status: int, message: str) -> None:
    path = repository(call, "deployed")
    refused = call("PUT", f"{path}/environments/prod", body)
    assert refused.status == status
    assert message in refused.json["message"]
    assert call("GET", f"{path}/environments/prod").status == 404


@pytest.mark.parametrize(
    "field", [{"wait_timer": 0}, {"prevent_self_review": False}, {"reviewers": []}, {"can_admins_bypass": False}]
)
def test_a_plan_without_protection_refuses_even_its_default_values_on_private_repositories(
    tmp_path: Path, field: dict[str, Any]
) -> None:
    call = start(tmp_path, seed(plan="team"))
    private, public = repository(call, "private"), repository(call, "public", private=False)
    refused = call("PUT", f"{private}/environments/prod", field)
    assert refused.status == 422
    assert "Please ensure the billing plan supports the" in refused.json["message"]
    assert call("GET", f"{private}/environments/prod").status == 404
    assert call("PUT", f"{private}/environments/prod", {}).status == 200
    assert call("PUT", f"{public}/environments/prod", field).status == 200
    call.github.close()


def test_the_free_plan_has_no_rulesets_for_an_organization(tmp_path: Path) -> None:
    call = start(tmp_path, seed(plan="free"))
    assert call("POST", "/orgs/acme/rulesets", ruleset()).status == 403
    path = repository(call, "private")
    assert call("GET", f"{path}/rules/branches/main").status == 403
    call.github.close()


def test_rules_of_the_organization_apply_to_the_branches_they_select(call: Client) -> None:
    path, open_path = repository(call, "mlops-model"), repository(call, "mlops-open")
    made = call("POST", "/orgs/acme/rulesets", ruleset())
    assert made.status == 201
    rules = call("GET", f"{path}/rules/branches/main").json
    assert [rule["type"] for rule in rules] == ["deletion", "non_fast_forward", "pull_request"]
    assert rules[2]["ruleset_source_type"] == "Organization"
    assert rules[2]["parameters"]["required_approving_review_count"] == 1
    assert call("GET", f"{path}/rules/branches/feature").json == []
    assert call("GET", f"{open_path}/rules/branches/main").json == []
    assert call("GET", f"{path}/branches/main").json["protected"] is True
    number = made.json["id"]
    assert call("PUT", f"/orgs/acme/rulesets/{number}", {"enforcement": "disabled"}).status == 200
    assert call("GET", f"{path}/rules/branches/main").json == []
    assert call("DELETE", f"/orgs/acme/rulesets/{number}").status == 204
    assert call("GET", f"/orgs/acme/rulesets/{number}").status == 404


def test_an_id_of_the_organizations_owners_as_bypass_actors_is_ignored(call: Client) -> None:
    made = call("POST", "/orgs/acme/rulesets", ruleset())
    owners = {"actor_id": None, "actor_type": "OrganizationAdmin", "bypass_mode": "always"}
    assert made.json["bypass_actors"] == [owners]
    path = f"/orgs/acme/rulesets/{made.json['id']}"
    again = call("PUT", path, {"bypass_actors": [{**owners, "actor_id": 1}]})
    assert again.json["bypass_actors"] == call("GET", path).json["bypass_actors"] == [owners]


def test_a_rule_refuses_a_direct_commit_except_to_a_bypass_actor(call: Client) -> None:
    path = repository(call, "mlops-model")
    call("PUT", f"{path}/collaborators/mia", {"permission": "admin"})
    call("POST", "/orgs/acme/rulesets", ruleset())
    member, body = call.by(MEMBER), {"message": "m", "content": encoded("a")}
    refused = member("PUT", f"{path}/contents/a", body)
    assert refused.status == 409
    assert "Changes must be made through a pull request." in refused.json["message"]
    assert member("DELETE", f"{path}/git/refs/heads/main").status == 422
    assert call("PUT", f"{path}/contents/a", body).status == 201


def test_a_pull_request_needs_the_required_approvals_of_other_accounts(call: Client) -> None:
    path = repository(call, "mlops-model")
    call("PUT", f"{path}/collaborators/mia", {"permission": "push"})
    call("POST", "/orgs/acme/rulesets", ruleset())
    main = call("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    member = call.by(MEMBER)
    member("POST", f"{path}/git/refs", {"ref": "refs/heads/change", "sha": main})
    body = {"message": "m", "content": encoded("a"), "branch": "change"}
    assert member("PUT", f"{path}/contents/a", body).status == 201
    assert member("POST", f"{path}/pulls", {"title": "T", "head": "change", "base": "main"}).status == 201
    refused = member("PUT", f"{path}/pulls/1/merge")
    assert refused.status == 405
    assert "At least 1 approving review" in refused.json["message"]
    assert member("POST", f"{path}/pulls/1/reviews", {"event": "APPROVE"}).status == 422
    assert call("POST", f"{path}/pulls/1/reviews", {"event": "APPROVE"}).status == 200
    assert member("PUT", f"{path}/contents/b", {**body, "content": encoded("b")}).status == 201
    assert member("PUT", f"{path}/pulls/1/merge").status == 405, "the approval was of an older state"
    assert call("POST", f"{path}/pulls/1/reviews", {"event": "APPROVE"}).status == 200
    assert member("PUT", f"{path}/pulls/1/merge").status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"rules": [{"type": "required_deployments"}]},
        {"target": "push"},
        {"conditions": {"repository_property": {}}},
    ],
)
def test_a_ruleset_that_would_not_be_enforced_is_refused(call: Client, change: dict[str, Any]) -> None:
    answer = call("POST", "/orgs/acme/rulesets", ruleset(**change))
    assert answer.status == 501
    assert "not implemented here" in answer.json["message"]


def test_a_rule_with_incomplete_parameters_is_refused(call: Client) -> None:
    answer = call("POST", "/orgs/acme/rulesets", ruleset(rules=[{"type": "pull_request", "parameters": {}}]))
    assert answer.status == 422
    assert "required_approving_review_count" in answer.json["errors"][0]


def test_the_organization_selects_the_actions_that_workflows_may_use(call: Client) -> None:
    path = "/orgs/acme/actions/permissions"
    everything = {"enabled_repositories": "all", "allowed_actions": "all", "sha_pinning_required": False}
    assert call("GET", path).json == everything
    assert call("GET", f"{path}/selected-actions").status == 409
    assert call("PUT", path, {"enabled_repositories": "all", "allowed_actions": "selected"}).status == 204
    assert call("GET", path).json["selected_actions_url"].endswith("/orgs/acme/actions/permissions/selected-actions")
    assert call("PUT", f"{path}/selected-actions", {"patterns_allowed": ["pulumi/*"]}).status == 204
    assert call("GET", f"{path}/selected-actions").json == {
        "github_owned_allowed": False,
        "verified_allowed": False,
        "patterns_allowed": ["pulumi/*"],
    }
    assert call("PUT", path, {"enabled_repositories": "some"}).status == 422
    assert call.by(MEMBER)("GET", path).status == 403


def test_variables_of_the_organization_are_created_once_and_updated(call: Client) -> None:
    place = "/orgs/acme/actions/variables"
    body = {"name": "aws_account", "value": "111111111111", "visibility": "all"}
    assert call("POST", place, body).status == 201
    assert call("POST", place, body).status == 409
    assert call("GET", f"{place}/AWS_ACCOUNT").json["value"] == "111111111111"
    assert call("PATCH", f"{place}/AWS_ACCOUNT", {"value": "2", "visibility": "private"}).status == 204
    assert call("GET", place).json["variables"][0]["visibility"] == "private"
    assert call("POST", place, {**body, "name": "no-dashes"}).status == 422
    assert call("DELETE", f"{place}/AWS_ACCOUNT").status == 204
    assert call("GET", f"{place}/AWS_ACCOUNT").status == 404


def test_every_answer_to_a_token_that_ends_says_when_and_later_it_is_rejected(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    tokens = [
        {"token": name, "login": "olivia", "scopes": "repo", "ends": now + timedelta(days=days)}
        for name, days in (("lasting", 30), ("ended", -1))
    ]
    call = start(tmp_path, seed(tokens=[*tokens, {"token": OWNER, "login": "olivia", "scopes": "repo"}]))
    header = "github-authentication-token-expiration"
    assert call.by("lasting")("GET", "/user").headers[header] == f"{now + timedelta(days=30):%Y-%m-%d %H:%M:%S UTC}"
    assert header in call.by("lasting")("GET", "/repos/acme/none").headers
    assert call.by("ended")("GET", "/user").status == 401
    assert header not in call("GET", "/user").headers
    call.github.close()
