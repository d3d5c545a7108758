"""Nobody alone changes a protected branch: whose reviews count, who bypasses, and what the plan has.

Sources: GitHub Docs, "Available rules for rulesets", "About rulesets", "Disabling or limiting GitHub Actions for your
organization"; the refusals by plan as people quote them, in the modules that answer them.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_github.client import MEMBER, OUTSIDER, OWNER, REVIEWER, Client, encoded, repository, seed, start

PATH = "/repos/acme/mlops-model"
CHANGE = "refs/heads/change"


def rules(**parameters: Any) -> dict[str, Any]:
    """Rules of main that need an approval, of which nobody may bypass one."""
    wanted = {
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": False,
        "require_last_push_approval": True,
        "required_approving_review_count": 1,
        "required_review_thread_resolution": True,
        **parameters,
    }
    return {
        "name": "protect",
        "target": "branch",
        "enforcement": "active",
        "conditions": {
            "ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []},
            "repository_name": {"include": ["mlops-*"], "exclude": []},
        },
        "bypass_actors": [],
        "rules": [{"type": "pull_request", "parameters": wanted}],
    }


def closed(branches: str) -> dict[str, Any]:
    """Rules by which nobody writes branches."""
    found = rules()
    return {
        **found,
        "name": "closed",
        "conditions": {**found["conditions"], "ref_name": {"include": [branches], "exclude": []}},
        "rules": [{"type": "creation"}, {"type": "update"}],
    }


@pytest.fixture
def people(call: Client) -> dict[str, Client]:
    """The owner, and two members of whom the first may write to a repository whose main is protected."""
    repository(call, "mlops-model")
    assert call("PUT", f"{PATH}/collaborators/mia", {"permission": "push"}).status == 204
    assert call("POST", "/orgs/acme/rulesets", rules()).status == 201
    return {"olivia": call, "mia": call.by(MEMBER), "rita": call.by(REVIEWER)}


def push(person: Client, name: str, branch: str = "change") -> int:
    """Commit a file to a branch, and return the status."""
    body = {"message": "m", "content": encoded(name), "branch": branch}
    return person("PUT", f"{PATH}/contents/{name}", body).status


def propose(person: Client, branch: str = "change") -> None:
    """Open a pull request for a branch with a commit."""
    main = person("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]
    assert person("POST", f"{PATH}/git/refs", {"ref": f"refs/heads/{branch}", "sha": main}).status == 201
    assert push(person, "first", branch) == 201
    assert person("POST", f"{PATH}/pulls", {"title": "T", "head": branch, "base": "main"}).status == 201


def approve(person: Client) -> int:
    return person("POST", f"{PATH}/pulls/1/reviews", {"event": "APPROVE"}).status


def merged(person: Client) -> str:
    """Merge, and return why not."""
    answer = person("PUT", f"{PATH}/pulls/1/merge")
    return "" if answer.status == 200 else str(answer.json["message"])


def test_a_writer_does_not_merge_their_own_pull_request(people: dict[str, Client]) -> None:
    propose(people["mia"])

    assert approve(people["mia"]) == 422
    assert "At least 1 approving review is required by reviewers with write access." in merged(people["mia"])


def test_a_rule_of_pull_requests_asks_more_of_copilot_unless_it_says_otherwise(call: Client) -> None:
    name = "require_extra_approval_for_unattributed_changes"
    made = call("POST", "/orgs/acme/rulesets", rules()).json
    place = f"/orgs/acme/rulesets/{made['id']}"

    assert made["rules"][0]["parameters"][name] is True
    call("PUT", place, {"rules": rules(**{name: False})["rules"]})
    assert call("GET", place).json["rules"][0]["parameters"][name] is False
    # A change that leaves it out turns it on again.
    call("PUT", place, {"rules": rules()["rules"]})
    assert call("GET", place).json["rules"][0]["parameters"][name] is True
    assert call("PUT", place, {"rules": rules(**{name: "yes"})["rules"]}).status == 422


def test_an_owner_of_the_organization_does_neither(people: dict[str, Client]) -> None:
    propose(people["olivia"])

    assert "At least 1 approving review" in merged(people["olivia"])
    assert push(people["olivia"], "direct", "main") == 409


def test_the_approval_of_somebody_who_may_only_read_does_not_count(people: dict[str, Client]) -> None:
    propose(people["mia"])

    assert approve(people["rita"]) == 200
    assert "At least 1 approving review" in merged(people["mia"])


def test_the_approval_of_somebody_who_may_no_longer_write_does_not_count(people: dict[str, Client]) -> None:
    people["olivia"]("PUT", f"{PATH}/collaborators/rita", {"permission": "push"})
    propose(people["mia"])
    assert approve(people["rita"]) == 200
    people["olivia"]("DELETE", f"{PATH}/collaborators/rita")

    assert "At least 1 approving review" in merged(people["mia"])


def test_who_pushed_last_does_not_approve_for_others(people: dict[str, Client]) -> None:
    people["olivia"]("PUT", f"{PATH}/collaborators/rita", {"permission": "push"})
    propose(people["mia"])
    assert push(people["rita"], "added") == 201
    assert approve(people["rita"]) == 200

    refused = merged(people["rita"])
    assert "approval from someone other than rita because they were the last pusher" in refused
    assert approve(people["olivia"]) == 200
    assert merged(people["rita"]) == ""


def test_an_approval_from_before_the_last_push_does_not_count_for_it(people: dict[str, Client]) -> None:
    (ruleset,) = people["olivia"]("GET", "/orgs/acme/rulesets").json
    kept = rules(dismiss_stale_reviews_on_push=False)["rules"]
    assert people["olivia"]("PUT", f"/orgs/acme/rulesets/{ruleset['id']}", {"rules": kept}).status == 200
    propose(people["mia"])
    assert approve(people["olivia"]) == 200
    assert push(people["mia"], "later") == 201

    assert "someone other than mia" in merged(people["mia"])


def test_who_pushed_last_before_the_pull_request_was_opened_is_known_too(people: dict[str, Client]) -> None:
    people["olivia"]("PUT", f"{PATH}/collaborators/rita", {"permission": "push"})
    main = people["mia"]("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]
    assert people["mia"]("POST", f"{PATH}/git/refs", {"ref": CHANGE, "sha": main}).status == 201
    assert push(people["rita"], "hers") == 201
    people["mia"]("POST", f"{PATH}/pulls", {"title": "T", "head": "change", "base": "main"})
    assert approve(people["rita"]) == 200

    assert "someone other than rita" in merged(people["mia"])


def job(call: Client, **permissions: str) -> Client:
    """Return a client with the token of a job of the repository."""
    found = call.github.store.repository("acme", "mlops-model")
    return call.by(call.github.store.tokens.issue(found, permissions))


def test_a_job_neither_opens_nor_approves_a_pull_request(people: dict[str, Client]) -> None:
    propose(people["mia"])
    running = job(people["olivia"], pull_requests="write", contents="write")

    for refused in (
        running("POST", f"{PATH}/pulls/1/reviews", {"event": "APPROVE"}),
        running("POST", f"{PATH}/pulls", {"title": "T", "head": "change", "base": "main"}),
    ):
        assert refused.status == 403
        assert "GitHub Actions is not permitted to create or approve pull requests" in refused.json["message"]
    assert "At least 1 approving review" in merged(people["mia"])


def test_the_approval_of_a_job_counts_where_the_organization_permits_it(people: dict[str, Client]) -> None:
    place = "/orgs/acme/actions/permissions/workflow"
    assert people["olivia"]("PUT", place, {"can_approve_pull_request_reviews": True}).status == 204
    assert people["olivia"]("GET", place).json == {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": True,
    }
    propose(people["mia"])

    assert approve(job(people["olivia"], pull_requests="write")) == 200
    assert merged(people["mia"]) == ""


@pytest.mark.parametrize("token", [MEMBER, OUTSIDER])
def test_only_owners_change_what_jobs_may_do(call: Client, token: str) -> None:
    place = "/orgs/acme/actions/permissions/workflow"

    assert call.by(token)("PUT", place, {"can_approve_pull_request_reviews": True}).status in (403, 404)
    assert call("PUT", place, {"default_workflow_permissions": "write"}).status == 501
    assert call("GET", place).json["can_approve_pull_request_reviews"] is False


@pytest.mark.parametrize("branch", ["dependabot/uv/boto3-1.43", "dependabot/boto3"])
def test_neither_a_writer_nor_their_job_writes_a_branch_that_is_closed(people: dict[str, Client], branch: str) -> None:
    propose(people["olivia"], branch)
    assert people["olivia"]("POST", "/orgs/acme/rulesets", closed("refs/heads/dependabot/**/*")).status == 201

    assert push(people["mia"], "mine", branch) == 409
    assert push(job(people["olivia"], contents="write"), "mine", branch) == 409
    assert push(people["mia"], "mine", "main") == 409
    body = {
        "ref": "refs/heads/dependabot/new",
        "sha": people["mia"]("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"],
    }
    assert people["mia"]("POST", f"{PATH}/git/refs", body).status == 422


def test_a_writer_does_not_approve_what_their_job_pushed_to_a_colleagues_branch(people: dict[str, Client]) -> None:
    body = closed("~ALL")
    roles = [{"actor_type": "RepositoryRole", "actor_id": role, "bypass_mode": "always"} for role in (2, 4, 5)]
    owners = {"actor_type": "OrganizationAdmin", "bypass_mode": "always"}
    propose(people["olivia"])
    running = job(people["olivia"], contents="write")
    # Without the rule it works: neither the author nor the last pusher is the one who approves.
    assert push(running, "smuggled") == 201
    assert people["olivia"]("POST", "/orgs/acme/rulesets", {**body, "bypass_actors": [owners, *roles]}).status == 201

    assert push(running, "again") == 409
    assert running("POST", f"{PATH}/git/refs", {"ref": "refs/heads/own", "sha": "0" * 40}).status in (409, 422)
    assert push(people["mia"], "hers") == 201
    assert approve(people["mia"]) == 200
    assert "someone other than mia" in merged(people["mia"])


def test_only_members_of_the_team_bypass(people: dict[str, Client]) -> None:
    team = people["olivia"]("POST", "/orgs/acme/teams", {"name": "Platform", "privacy": "closed"}).json["id"]
    member = f"/organizations/1001/team/{team}/memberships"
    assert people["olivia"]("PUT", f"{member}/rita", {"role": "member"}).status == 200
    assert people["olivia"]("DELETE", f"{member}/olivia").status == 204
    people["olivia"]("PUT", f"{PATH}/collaborators/rita", {"permission": "push"})
    (ruleset,) = people["olivia"]("GET", "/orgs/acme/rulesets").json
    actors = [{"actor_type": "Team", "actor_id": team, "bypass_mode": "always"}]
    assert people["olivia"]("PUT", f"/orgs/acme/rulesets/{ruleset['id']}", {"bypass_actors": actors}).status == 200

    assert [push(people[name], name, "main") for name in ("olivia", "mia", "rita")] == [409, 409, 201]


def test_a_secret_team_bypasses_nothing(call: Client) -> None:
    team = call("POST", "/orgs/acme/teams", {"name": "Platform", "privacy": "secret"}).json["id"]
    actors = [{"actor_type": "Team", "actor_id": team, "bypass_mode": "always"}]

    refused = call("POST", "/orgs/acme/rulesets", {**rules(), "bypass_actors": actors})

    assert (refused.status, "no secret team" in refused.content.decode()) == (422, True)


def test_an_owner_maintains_every_team_that_they_are_in(call: Client) -> None:
    team = call("POST", "/orgs/acme/teams", {"name": "Platform"}).json["id"]

    for login, role in (("olivia", "maintainer"), ("mia", "member")):
        place = f"/organizations/1001/team/{team}/memberships/{login}"
        assert call("PUT", place, {"role": "member"}).json["role"] == role
        assert call("GET", place).json["role"] == role


ANYBODYS = {"file_patterns": ["*", "**/*"], "minimum_approvals": 1}
"""A reviewer of all files."""
ROLES = ("all", "member", "maintainer")


@pytest.fixture
def releasing(people: dict[str, Client]) -> dict[str, Client]:
    """The same people, of whom a team of one has to approve every change, and may write."""
    owner = people["olivia"]
    team = owner("POST", "/orgs/acme/teams", {"name": "Managers", "privacy": "closed"}).json
    owner("DELETE", "/orgs/acme/teams/managers/memberships/olivia")
    owner("PUT", "/orgs/acme/teams/managers/memberships/rita", {"role": "member"})
    place = f"/organizations/1001/team/{team['id']}"
    assert owner("PUT", f"{place}{PATH}", {"permission": "push"}).status == 204
    members = {role: [one["login"] for one in owner("GET", f"{place}/members?role={role}").json] for role in ROLES}
    assert members == {"all": ["rita"], "member": ["rita"], "maintainer": []}
    required = {**ANYBODYS, "reviewer": {"id": team["id"], "type": "Team"}}
    changed = {**rules(required_reviewers=[required]), "name": "releasing"}
    assert owner("POST", "/orgs/acme/rulesets", changed).status == 201
    return people


def test_a_required_team_approves_besides_others(releasing: dict[str, Client]) -> None:
    propose(releasing["mia"])
    assert approve(releasing["olivia"]) == 200
    assert "Waiting on 1 approving review from Managers." in merged(releasing["mia"])

    assert approve(releasing["rita"]) == 200

    assert merged(releasing["mia"]) == ""


def test_a_member_of_the_required_team_does_not_approve_what_she_proposed_or_pushed_last(
    releasing: dict[str, Client],
) -> None:
    propose(releasing["rita"])
    assert approve(releasing["rita"]) == 422
    assert approve(releasing["olivia"]) == 200

    assert "Waiting on 1 approving review from Managers." in merged(releasing["rita"])


def test_the_approval_of_a_required_team_that_may_not_write_does_not_count(releasing: dict[str, Client]) -> None:
    owner = releasing["olivia"]
    assert owner("DELETE", f"/orgs/acme/teams/managers{PATH}").status == 204
    # She may write all the same; GitHub asks whether the team may.
    assert owner("PUT", f"{PATH}/collaborators/rita", {"permission": "push"}).status == 204
    propose(releasing["mia"])
    assert approve(releasing["rita"]) == 200
    assert approve(owner) == 200

    assert "Waiting on 1 approving review from Managers." in merged(releasing["mia"])


def test_a_team_that_approves_only_some_files_is_not_understood(releasing: dict[str, Client]) -> None:
    owner = releasing["olivia"]
    team = owner("GET", "/orgs/acme/teams/managers").json["id"]
    required = {"file_patterns": ["*", "!*.md"], "minimum_approvals": 1, "reviewer": {"id": team, "type": "Team"}}

    refused = owner("POST", "/orgs/acme/rulesets", {**rules(required_reviewers=[required]), "name": "some"})

    assert refused.status == 501


def test_a_rule_of_pull_requests_does_not_keep_anybody_from_opening_the_branch(people: dict[str, Client]) -> None:
    protected = rules()
    protected["conditions"]["ref_name"]["include"] = ["refs/heads/production"]
    assert people["olivia"]("POST", "/orgs/acme/rulesets", {**protected, "name": "production"}).status == 201
    main = people["mia"]("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]

    opened = people["mia"]("POST", f"{PATH}/git/refs", {"ref": "refs/heads/production", "sha": main})

    assert opened.status == 201
    assert push(people["mia"], "direct", "production") == 409


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"required_approving_review_count": 11}, 422),
        ({"require_code_owner_review": True}, 501),
        ({"required_reviewers": [{"minimum_approvals": 1}]}, 422),
        ({"required_reviewers": [{**ANYBODYS, "reviewer": {"id": 1, "type": "Team"}}]}, 422),
        ({"required_reviewers": [{**ANYBODYS, "reviewer": {"id": 14, "type": "User"}}]}, 422),
    ],
)
def test_a_review_that_is_not_understood_is_not_required(call: Client, changes: dict[str, Any], status: int) -> None:
    assert call("POST", "/orgs/acme/rulesets", rules(**changes)).status == status


@pytest.mark.parametrize(("exempt", "status"), [(True, 201), (False, 422)])
def test_a_new_branch_needs_checks_unless_the_rule_exempts_it(call: Client, exempt: bool, status: int) -> None:
    repository(call, "mlops-model")
    checks = {
        "strict_required_status_checks_policy": False,
        "do_not_enforce_on_create": exempt,
        "required_status_checks": [{"context": "Checks", "integration_id": 15368}],
    }
    body = rules()
    body["conditions"]["ref_name"]["include"] = ["~ALL"]
    body["rules"] = [{"type": "required_status_checks", "parameters": checks}]
    assert call("POST", "/orgs/acme/rulesets", body).status == 201
    main = call("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]

    assert call("POST", f"{PATH}/git/refs", {"ref": CHANGE, "sha": main}).status == status
    assert push(call, "direct", "main") == 409


def test_who_may_write_is_listed_however_they_may(call: Client) -> None:
    repository(call, "mlops-model")
    call("PUT", f"{PATH}/collaborators/mia", {"permission": "triage"})
    call("POST", "/orgs/acme/teams", {"name": "Writers"})
    call("PUT", "/orgs/acme/teams/writers/memberships/rita", {"role": "member"})
    call("PUT", f"/orgs/acme/teams/writers{PATH}", {"permission": "maintain"})

    def listed(query: str) -> set[str]:
        return {one["login"] for one in call("GET", f"{PATH}/collaborators?{query}").json}

    assert listed("affiliation=all") == {"olivia", "mia", "rita"}
    assert listed("affiliation=all&permission=push") == {"olivia", "rita"}
    assert listed("permission=admin") == {"olivia"}
    assert call("GET", f"{PATH}/collaborators?permission=write").status == 422
    assert call("GET", f"{PATH}/collaborators?affiliation=outside").status == 501


def test_a_free_plan_has_neither_rulesets_of_the_organization_nor_rules_or_environments_of_private_repositories(
    tmp_path: Path,
) -> None:
    call = start(tmp_path, seed(plan="free"))
    private, public = repository(call, "mlops-model"), repository(call, "open", private=False)
    for method, body in (("GET", None), ("POST", rules())):
        refused = call(method, "/orgs/acme/rulesets", body)
        assert (refused.status, refused.json["message"]) == (403, "Upgrade to GitHub Team to enable this feature.")
    for place in ("rulesets", "rules/branches/main"):
        refused = call("GET", f"{private}/{place}")
        assert refused.status == 403
        assert refused.json["message"].startswith("Upgrade to GitHub Pro or make this repository public")
        assert call("GET", f"{public}/{place}").status == 200
    for method, place in (("PUT", "/prod"), ("GET", "/prod"), ("GET", "")):
        assert call(method, f"{private}/environments{place}", {} if method == "PUT" else None).status == 404
    assert call("PUT", f"{public}/environments/prod", {}).status == 200
    call.github.close()


def test_the_team_plan_has_the_organizations_rulesets(tmp_path: Path) -> None:
    call = start(tmp_path, seed(plan="team"))
    assert call.token == OWNER
    assert call("POST", "/orgs/acme/rulesets", rules()).status == 201
    call.github.close()


def test_a_branch_that_a_ruleset_is_about_is_renamed_by_administrators_alone_and_stays_under_it(
    people: dict[str, Client],
) -> None:
    head = people["olivia"]("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]
    for branch in ("release-one", "topic"):
        made = people["mia"]("POST", f"{PATH}/git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
        assert made.status == 201
    protected = closed("refs/heads/release-*") | {"name": "kept", "rules": [{"type": "update"}, {"type": "deletion"}]}
    assert people["olivia"]("POST", "/orgs/acme/rulesets", protected).status == 201
    assert people["olivia"]("POST", "/orgs/acme/rulesets", closed("refs/heads/mlops/**/*")).status == 201

    def rename(login: str, old: str, new: str) -> int:
        return people[login]("POST", f"{PATH}/branches/{old}/rename", {"new_name": new}).status

    assert rename("mia", "release-one", "release-two") == 403
    assert rename("olivia", "release-one", "free") == 422
    assert rename("olivia", "release-one", "release-two") == 201
    assert rename("mia", "topic", "mlops/topic") == 422
    assert rename("mia", "topic", "another") == 201


def test_the_refs_of_a_pull_request_are_githubs_own(people: dict[str, Client]) -> None:
    head = people["olivia"]("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]
    made = people["mia"]("POST", f"{PATH}/git/refs", {"ref": "refs/pull/1/head", "sha": head})
    assert (made.status, "hidden ref" in made.json["message"]) == (422, True)
    assert people["olivia"]("GET", f"{PATH}/git/ref/pull/1/head").status == 404
