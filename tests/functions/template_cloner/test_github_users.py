"""Requests about users to GitHub, against a real HTTP server."""

import pytest

from functions.shared.github_api.errors import GitHubError
from functions.template_cloner.github import GitHub
from functions.template_cloner.github_users import User
from tests.functions.shared.server import Reply, Server

REPO = "acme/mlops-abalone"
MAIN = frozenset({("branch", "main")})
BY_NAME = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"login": "ada", "id": 7, "type": "User"}), User(user_id=7, kind="User")),
        (Reply(body={"login": "Ada", "id": 7, "type": "User"}), User(user_id=7, kind="User")),
        (Reply(body={"login": "adalovelace", "id": 8, "type": "User"}), None),
        (Reply(status=404, body={"message": "Not Found"}), None),
    ],
    ids=["exact", "capitals", "somebody else", "nobody"],
)
def test_a_user_is_looked_up_exactly(server: Server, github: GitHub, reply: Reply, expected: User | None) -> None:
    server.reply(reply)

    assert github.user("ada") == expected


def test_a_login_is_quoted(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=404, body={}))

    github.user("../orgs")

    assert server.asked == ["GET /users/..%2Forgs"]


def test_membership(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=204), Reply(status=404, body={"message": "Not Found"}))

    assert github.is_member("acme", "ada")
    assert not github.is_member("acme", "mallory")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"login": "ada", "id": 7}), 7),
        (Reply(status=403, body={"message": "Resource not accessible by integration"}), None),
        (Reply(status=401, body={"message": "Requires authentication"}), None),
    ],
    ids=["a person", "an app", "no user"],
)
def test_whose_token_it_is(server: Server, github: GitHub, reply: Reply, expected: int | None) -> None:
    server.reply(reply)

    assert github.credential_owner() == expected
    assert server.asked == ["GET /user"]


def test_a_github_that_fails_is_not_taken_for_an_app(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=404, body={}))

    with pytest.raises(GitHubError):
        github.credential_owner()


def test_a_limit_is_not_taken_for_an_app(server: Server, github: GitHub) -> None:
    limited = Reply(status=403, headers={"Retry-After": "3"}, body={"message": "secondary rate limit"})
    server.reply(limited, Reply(body={"id": 7}))

    assert github.credential_owner() == 7


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"permission": "write"}), True),
        (Reply(body={"permission": "admin"}), True),
        (Reply(body={"permission": "read"}), False),
        (Reply(body={"permission": "none"}), False),
        (Reply(status=404, body={}), False),
    ],
)
def test_users_with_more_than_read_permission_may_push(
    server: Server, github: GitHub, reply: Reply, expected: bool
) -> None:
    server.reply(reply)

    assert github.may_push(REPO, "ada") is expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"permission": "admin"}), True),
        (Reply(body={"permission": "read"}), True),
        (Reply(body={"permission": "none"}), False),
        (Reply(status=404, body={}), False),
    ],
)
def test_users_with_any_permission_may_read(server: Server, github: GitHub, reply: Reply, expected: bool) -> None:
    server.reply(reply)

    assert github.may_read(REPO, "hedy") is expected


@pytest.mark.parametrize(("permission", "expected"), [("admin", True), ("write", False), ("read", False)])
def test_administering_is_more_than_a_collaborator_who_pushes_may(
    server: Server, github: GitHub, permission: str, expected: bool
) -> None:
    server.reply(Reply(body={"permission": permission}))

    assert github.may_administer(REPO, "ada") is expected


def test_a_collaborator_may_push(server: Server, github: GitHub) -> None:
    server.reply(Reply(status=201, body={}))

    github.add_collaborator(REPO, "ada")

    assert server.asked == [f"PUT /repos/{REPO}/collaborators/ada"]
    assert server.requests[0].json == {"permission": "push"}


@pytest.mark.parametrize("status", [204, 404])
def test_a_collaborator_is_removed(server: Server, github: GitHub, status: int) -> None:
    server.reply(Reply(status=status, body={} if status == 404 else None))

    github.remove_collaborator(REPO, "ada")

    assert server.asked == [f"DELETE /repos/{REPO}/collaborators/ada"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"login": "acme", "plan": {"name": "team"}}), "team"),
        (Reply(body={"login": "acme"}), None),
        (Reply(status=404, body={"message": "Not Found"}), None),
    ],
    ids=["an owner sees it", "others do not", "no organization"],
)
def test_the_plan_is_read_where_it_is_shown(server: Server, github: GitHub, reply: Reply, expected: str | None) -> None:
    server.reply(reply)

    assert github.plan("acme") == expected
