"""The rules of a branch are read from GitHub, where the strictest of several counts."""

from typing import Any

import pytest

from functions.shared.github_api.errors import GitHubError
from functions.template_cloner.github import GitHub
from functions.template_cloner.github_rules import BranchRules
from tests.functions.shared.server import Reply, Server

REPO = "acme/mlops-abalone"


def pull_request(approvals: int = 0, **strict: bool) -> dict[str, Any]:
    names = ("dismiss_stale_reviews_on_push", "require_last_push_approval", "required_review_thread_resolution")
    parameters = {name: strict.get(name, False) for name in names}
    return {
        "type": "pull_request",
        "ruleset_id": 1,
        "parameters": {**parameters, "required_approving_review_count": approvals, "require_code_owner_review": False},
    }


def approving(**changes: Any) -> dict[str, Any]:
    required = {"reviewer": {"id": 7, "type": "Team"}, "file_patterns": ["*", "**/*"], "minimum_approvals": 1}
    rule = pull_request()
    return {**rule, "parameters": {**rule["parameters"], "required_reviewers": [{**required, **changes}]}}


def creation(ruleset: int, source: str = "Organization") -> dict[str, Any]:
    return {"type": "creation", "ruleset_id": ruleset, "ruleset_source_type": source, "ruleset_source": "acme"}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            [
                {"type": "deletion"},
                pull_request(1, dismiss_stale_reviews_on_push=True),
                pull_request(2, require_last_push_approval=True, required_review_thread_resolution=True),
                {"type": "non_fast_forward"},
            ],
            BranchRules(approvals=2, dismisses_stale=True, last_push=True, resolved_threads=True, stays=True),
        ),
        ([{"type": "deletion"}, pull_request(0)], BranchRules()),
        (
            [approving(), creation(3), creation(4)],
            BranchRules(approving_teams=frozenset({7}), closing=frozenset({3, 4})),
        ),
        ([creation(3, "Repository"), {"type": "creation", "ruleset_id": 4}], BranchRules()),
        ([approving(minimum_approvals=0), approving(file_patterns=["*.json"])], BranchRules()),
        ([approving(reviewer={"id": 7, "type": "User"}), approving(file_patterns="*")], BranchRules()),
        (list[object](), BranchRules()),
        ({"message": "nonsense"}, BranchRules()),
    ],
    ids=[
        "several rulesets",
        "no approvals",
        "a team",
        "an administrator's",
        "optional, or of some files",
        "no team",
        "none",
        "nonsense",
    ],
)
def test_the_strictest_rules_of_a_branch_are_read(
    server: Server, github: GitHub, rules: object, expected: BranchRules
) -> None:
    server.reply(Reply(body=rules))

    assert github.branch_rules(REPO, "main") == expected
    assert server.asked == [f"GET /repos/{REPO}/rules/branches/main?per_page=100"]


def test_a_plan_without_rules_is_named(server: Server, github: GitHub) -> None:
    message = "Upgrade to GitHub Pro or make this repository public to enable this feature."
    server.reply(Reply(status=403, body={"message": message}))

    with pytest.raises(GitHubError, match="the organization's GitHub plan does not include this"):
        github.branch_rules(REPO, "main")


def test_a_team_is_read_and_let_in_by_its_number(server: Server, github: GitHub) -> None:
    members = [{"login": "hedy"}, {"login": "lise"}]
    server.reply(Reply(body=members), Reply(body=members[1:]), Reply(status=204))

    assert github.team_members(1001, 7) == {"hedy": False, "lise": True}
    github.let_team_push(1001, 7, REPO)

    assert server.asked == [
        "GET /organizations/1001/team/7/members?per_page=100&role=all",
        "GET /organizations/1001/team/7/members?per_page=100&role=maintainer",
        f"PUT /organizations/1001/team/7/repos/{REPO}",
    ]
    assert server.requests[-1].json == {"permission": "push"}


def test_a_token_that_does_not_see_teams_says_which_scope_it_lacks(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=404, body={"message": "Not Found"}, headers={"X-Accepted-OAuth-Scopes": "read:org"}))

    with pytest.raises(GitHubError, match=r"the platform's GitHub credential lacks a permission: read:org"):
        github.team_members(1001, 7)
