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
        (list[object](), BranchRules()),
        ({"message": "nonsense"}, BranchRules()),
    ],
    ids=["several rulesets", "no approvals", "none", "nonsense"],
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
