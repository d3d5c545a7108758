"""Requests about deployment environments to GitHub, against a real HTTP server."""

from typing import Any

import pytest

from functions.shared.github_api.errors import GitHubError
from functions.template_cloner.github import GitHub
from functions.template_cloner.github_environments import Environment
from tests.functions.shared.server import Reply, Server

REPO = "acme/mlops-abalone"
MAIN = frozenset({("branch", "main")})
BY_NAME = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


def policies(*named: tuple[str, str]) -> Reply:
    """Return the refs that an environment admits by name: types and patterns."""
    listed = [{"id": 71 + index, "type": kind, "name": name} for index, (kind, name) in enumerate(named)]
    return Reply(body={"total_count": len(listed), "branch_policies": listed})


def test_environments(server: Server, github: GitHub) -> None:
    server.reply(
        Reply(body={"name": "dev", "protection_rules": [{"type": "branch_policy"}], **BY_NAME}),
        policies(("branch", "main")),
        Reply(status=404, body={}),
    )

    assert github.environment(REPO, "dev") == Environment(admits=MAIN)
    assert github.environment(REPO, "dev") is None
    place = f"/repos/{REPO}/environments/dev"
    assert server.asked == [f"GET {place}", f"GET {place}/deployment-branch-policies?per_page=100", f"GET {place}"]


@pytest.mark.parametrize(
    "found",
    [
        {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}},
        {"deployment_branch_policy": None},
        {},
    ],
    ids=["protected branches", "every branch", "nothing"],
)
def test_an_environment_that_admits_by_another_rule_names_no_refs(
    server: Server, github: GitHub, found: dict[str, object]
) -> None:
    server.reply(Reply(body={"name": "dev", "protection_rules": [], **found}))

    assert github.environment(REPO, "dev") == Environment(admits=None)
    assert len(server.requests) == 1


def test_all_refs_that_an_environment_admits_are_read(server: Server, github: GitHub) -> None:
    older = Reply(body={"branch_policies": [{"id": 1, "name": "main"}]})
    server.reply(
        Reply(body=BY_NAME),
        policies(("branch", "main"), ("branch", "release/*"), ("tag", "main")),
        Reply(body=BY_NAME),
        older,
        Reply(body=BY_NAME),
        Reply(status=404, body={}),
    )

    several = frozenset({("branch", "main"), ("branch", "release/*"), ("tag", "main")})
    assert github.environment(REPO, "dev") == Environment(admits=several)
    assert github.environment(REPO, "dev") == Environment(admits=MAIN)
    assert github.environment(REPO, "dev") == Environment(admits=frozenset())


@pytest.mark.parametrize(
    ("shown", "bypass"), [({"can_admins_bypass": True}, True), ({"can_admins_bypass": False}, False), ({}, False)]
)
def test_reviewers_of_an_environment_are_read_as_github_keeps_them(
    server: Server, github: GitHub, shown: dict[str, object], bypass: bool
) -> None:
    review = {
        "type": "required_reviewers",
        "prevent_self_review": True,
        "reviewers": [{"type": "User", "reviewer": {"id": 3}}, {"type": "Team", "reviewer": {"id": 3}}],
    }
    server.reply(
        Reply(body={"protection_rules": [{"type": "wait_timer"}, review], **shown, **BY_NAME}),
        policies(("branch", "main")),
    )

    assert github.environment(REPO, "prod") == Environment(
        reviewers=frozenset({("User", 3), ("Team", 3)}),
        prevents_self_review=True,
        administrators_bypass=bypass,
        admits=MAIN,
    )


def test_without_reviewers_administrators_have_nothing_to_bypass(server: Server, github: GitHub) -> None:
    server.reply(
        Reply(body={"protection_rules": [], "can_admins_bypass": True, **BY_NAME}), policies(("branch", "main"))
    )

    assert github.environment(REPO, "dev") == Environment(admits=MAIN)


def test_reviewers_of_an_environment_never_review_their_own_runs(server: Server, github: GitHub) -> None:
    server.reply(Reply(body={"name": "prod"}))

    wanted = Environment(reviewers=frozenset({("User", 5), ("User", 3)}), prevents_self_review=True, admits=MAIN)
    github.write_environment(REPO, "prod", wanted)

    assert server.requests[-1].json == {
        **BY_NAME,
        "can_admins_bypass": False,
        "reviewers": [{"type": "User", "id": 3}, {"type": "User", "id": 5}],
        "prevent_self_review": True,
    }


def test_a_new_environment_admits_no_ref_yet(server: Server, github: GitHub) -> None:
    server.reply(Reply(body={"name": "dev"}))

    github.write_environment(REPO, "dev", Environment(admits=MAIN))

    assert server.asked == [f"PUT /repos/{REPO}/environments/dev"]
    assert server.requests[-1].json == {**BY_NAME, "can_admins_bypass": False}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Environment(admits=None), "Please ensure the billing plan supports the required reviewers protection rule."),
        (
            Environment(reviewers=frozenset({("User", 3)}), admits=None),
            'Invalid request.\n\n"can_admins_bypass" is not a permitted key.',
        ),
    ],
    ids=["a plan without reviewers", "an older Enterprise Server"],
)
def test_a_github_that_does_not_know_the_bypass_is_asked_without_it(
    server: Server, github: GitHub, wanted: Environment, message: str
) -> None:
    server.reply(Reply(status=422, body={"message": message}), Reply(body={"name": "dev"}))

    github.write_environment(REPO, "dev", wanted)

    bodies: list[Any] = [request.json for request in server.requests]
    assert bodies[0].pop("can_admins_bypass") is False
    assert bodies[1] == bodies[0]


def test_only_the_branch_that_is_named_enters_an_environment(server: Server, github: GitHub) -> None:
    """AWS trusts every job in the environment, so no unprotected branch may enter it."""
    server.reply(policies(), Reply(body={"id": 71, "name": "main", "type": "branch"}))

    github.admit(REPO, "dev", MAIN)

    path = f"/repos/{REPO}/environments/dev/deployment-branch-policies"
    assert server.asked == [f"GET {path}?per_page=100", f"POST {path}"]
    assert server.requests[-1].json == {"name": "main", "type": "branch"}


def test_other_refs_are_shut_out_first(server: Server, github: GitHub) -> None:
    admitted = policies(("branch", "release/*"), ("tag", "main"))
    server.reply(admitted, Reply(status=204), Reply(status=404, body={}), Reply(body={"id": 73}))

    github.admit(REPO, "dev", MAIN)

    path = f"/repos/{REPO}/environments/dev/deployment-branch-policies"
    assert server.asked[1:] == [f"DELETE {path}/71", f"DELETE {path}/72", f"POST {path}"]


def test_a_branch_that_is_admitted_already_needs_no_request(server: Server, github: GitHub) -> None:
    server.reply(policies(("branch", "main")))
    github.admit(REPO, "dev", MAIN)
    assert len(server.requests) == 1

    server.reply(policies(), Reply(status=303, headers={"Location": f"{server.url}/elsewhere"}, body={}))
    github.admit(REPO, "dev", MAIN)
    assert server.asked[-1].startswith("POST ")


def test_an_environment_that_admits_by_another_rule_meanwhile_is_named(server: Server, github: GitHub) -> None:
    server.reply(policies(), Reply(status=404, body={"message": "Not Found"}))

    with pytest.raises(GitHubError, match=r"does not let the branch main into the environment dev .* another rule"):
        github.admit(REPO, "dev", MAIN)


@pytest.mark.parametrize("status", [404, 422])
def test_a_plan_without_environments_is_named(server: Server, github: GitHub, status: int) -> None:
    server.reply(Reply(status=status, body={"message": "Failed to create the environment protection rule."}))

    with pytest.raises(GitHubError, match="GitHub Team or Enterprise"):
        github.write_environment(REPO, "dev", Environment(admits=None))
