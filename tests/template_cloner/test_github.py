"""What a launch asks of GitHub, against a real HTTP server, and what it makes of the answers."""

import base64
from collections.abc import Iterator

import pytest
from cloner.github import Environment, File, GitHub, Repository, User
from github_api.deadline import Deadline
from github_api.errors import GitHubError

from tests.function.clock import Clock
from tests.function.server import Reply, Server, serving

TOKEN = "ghp_a-token-that-no-log-may-show"
REPO = "acme/mlops-abalone"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(server: Server, clock: Clock) -> GitHub:
    return a_client(server, clock)


def a_client(server: Server, clock: Clock, seconds: float = 280.0) -> GitHub:
    deadline = Deadline(at=clock.now + seconds, now=clock, sleep=clock.sleep)
    return GitHub(server.url, TOKEN, deadline, wall_clock=clock, jitter=lambda: 1.0)


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
def test_a_user_is_looked_up_exactly(server: Server, client: GitHub, reply: Reply, expected: User | None) -> None:
    server.reply(reply)

    assert client.user("ada") == expected


def test_a_login_is_quoted(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=404, body={}))

    client.user("../orgs")

    assert server.asked == ["GET /users/..%2Forgs"]


def test_membership(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=204), Reply(status=404, body={"message": "Not Found"}))

    assert client.is_member("acme", "ada")
    assert not client.is_member("acme", "mallory")


def test_a_repository_is_read(server: Server, client: GitHub) -> None:
    body = {
        "full_name": REPO,
        "id": 2005,
        "owner": {"id": 1001},
        "description": None,
        "default_branch": "main",
        "is_template": False,
        "archived": True,
        "template_repository": {"full_name": "acme/mlops-template-model-training"},
    }
    server.reply(Reply(body=body), Reply(body={**body, "template_repository": None}))
    expected = Repository(
        full_name=REPO,
        repository_id=2005,
        owner_id=1001,
        description="",
        default_branch="main",
        is_template=False,
        archived=True,
        template="acme/mlops-template-model-training",
    )

    assert client.repository(REPO) == expected
    without_template = client.repository(REPO)
    assert without_template is not None
    assert without_template.template is None


@pytest.mark.parametrize("status", [301, 404])
def test_a_renamed_repository_no_longer_has_the_name(server: Server, client: GitHub, status: int) -> None:
    server.reply(Reply(status=status, headers={"Location": f"{server.url}/elsewhere"}, body={"message": "Moved"}))

    assert client.repository(REPO) is None
    assert server.asked == [f"GET /repos/{REPO}"]


def test_a_private_repository_is_generated(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=201, body={}))

    assert client.generate("acme/template", "acme", "mlops-abalone", "marker")

    [request] = server.requests
    assert f"{request.method} {request.path}" == "POST /repos/acme/template/generate"
    assert request.json == {"owner": "acme", "name": "mlops-abalone", "description": "marker", "private": True}


def test_a_taken_name_is_told_apart_from_other_refusals(server: Server, client: GitHub) -> None:
    taken = {"message": "Unprocessable Entity", "errors": ["Could not clone: Name already exists on this account"]}
    server.reply(Reply(status=422, body=taken), Reply(status=422, body={"message": "Template is archived"}))

    assert not client.generate("acme/template", "acme", "mlops-abalone", "marker")
    with pytest.raises(GitHubError, match="Template is archived"):
        client.generate("acme/template", "acme", "mlops-abalone", "marker")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"commit": {"sha": "abc"}}), "abc"),
        (Reply(status=404, body={"message": "Branch not found"}), None),
        (Reply(status=409, body={"message": "Git Repository is empty."}), None),
    ],
)
def test_a_branch_has_a_commit_or_not_yet(server: Server, client: GitHub, reply: Reply, expected: str | None) -> None:
    server.reply(reply)

    assert client.branch_commit(REPO, "mlops/settings") == expected
    assert server.asked == [f"GET /repos/{REPO}/branches/mlops%2Fsettings"]


def test_a_file_is_read(server: Server, client: GitHub) -> None:
    encoded = base64.encodebytes("größe = 1\n".encode() * 20).decode()
    server.reply(Reply(body={"content": encoded, "sha": "abc"}), Reply(status=404, body={}))

    assert client.file(REPO, "project.toml", "main") == File(text="größe = 1\n" * 20, sha="abc")
    assert client.file(REPO, "project.toml", "main") is None


@pytest.mark.parametrize("sha", [None, "abc"])
def test_a_file_is_committed(server: Server, client: GitHub, sha: str | None) -> None:
    server.reply(Reply(status=201, body={}))

    assert client.write_file(REPO, "project.toml", "main", "x", "Say so", sha)

    expected = {"message": "Say so", "content": base64.b64encode(b"x").decode(), "branch": "main"}
    assert server.requests[0].json == expected | ({"sha": sha} if sha else {})


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=409, body={"message": "project.toml does not match abc"}),
        Reply(status=422, body={"message": 'Invalid request.\n\n"sha" wasn\'t supplied.'}),
    ],
)
def test_somebody_else_was_faster(server: Server, client: GitHub, reply: Reply) -> None:
    server.reply(reply)

    assert not client.write_file(REPO, "project.toml", "main", "x", "Say so", None)


@pytest.mark.parametrize("status", [409, 422])
def test_a_ruleset_that_refuses_the_commit_is_named(server: Server, client: GitHub, status: int) -> None:
    message = "Repository rule violations found\n\nChanges must be made through a pull request."
    server.reply(Reply(status=status, body={"message": message}))

    with pytest.raises(GitHubError, match="bypass list"):
        client.write_file(REPO, "project.toml", "main", "x", "Say so", None)


def test_a_file_that_github_does_not_accept(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=422, body={"message": "path is malformed"}))

    with pytest.raises(GitHubError, match="path is malformed"):
        client.write_file(REPO, "project.toml", "main", "x", "Say so", None)


def test_environments(server: Server, client: GitHub) -> None:
    policy = {"protected_branches": True, "custom_branch_policies": False}
    server.reply(
        Reply(
            body={"name": "dev", "protection_rules": [{"type": "branch_policy"}], "deployment_branch_policy": policy}
        ),
        Reply(status=404, body={}),
        Reply(body={"name": "dev", "protection_rules": [], "deployment_branch_policy": None}),
        Reply(body={"name": "dev"}),
    )

    assert client.environment(REPO, "dev") == Environment()
    assert client.environment(REPO, "dev") is None
    assert client.environment(REPO, "dev") == Environment(protected_branches_only=False)
    client.write_environment(REPO, "dev", Environment())

    assert server.asked[-1] == f"PUT /repos/{REPO}/environments/dev"


def test_reviewers_of_an_environment_are_read_as_github_keeps_them(server: Server, client: GitHub) -> None:
    review = {
        "type": "required_reviewers",
        "prevent_self_review": True,
        "reviewers": [{"type": "User", "reviewer": {"id": 3}}, {"type": "Team", "reviewer": {"id": 3}}],
    }
    policy = {"protected_branches": True, "custom_branch_policies": False}
    server.reply(Reply(body={"protection_rules": [{"type": "wait_timer"}, review], "deployment_branch_policy": policy}))

    assert client.environment(REPO, "prod") == Environment(
        reviewers=frozenset({("User", 3), ("Team", 3)}), prevents_self_review=True
    )


def test_reviewers_of_an_environment_never_review_what_they_started(server: Server, client: GitHub) -> None:
    server.reply(Reply(body={"name": "prod"}))

    wanted = Environment(reviewers=frozenset({("User", 5), ("User", 3)}), prevents_self_review=True)
    client.write_environment(REPO, "prod", wanted)

    assert server.requests[-1].json == {
        "deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False},
        "reviewers": [{"type": "User", "id": 3}, {"type": "User", "id": 5}],
        "prevent_self_review": True,
    }


def test_only_protected_branches_enter_an_environment(server: Server, client: GitHub) -> None:
    """AWS trusts whoever is in the environment, so a branch that anybody may push to must not get there."""
    server.reply(Reply(body={"name": "dev"}))

    client.write_environment(REPO, "dev", Environment())

    policy = {"protected_branches": True, "custom_branch_policies": False}
    assert server.requests[-1].json == {"deployment_branch_policy": policy}


@pytest.mark.parametrize("status", [404, 422])
def test_a_plan_without_environments_is_named(server: Server, client: GitHub, status: int) -> None:
    server.reply(Reply(status=status, body={"message": "Failed to create the environment protection rule."}))

    with pytest.raises(GitHubError, match="GitHub Team or Enterprise"):
        client.write_environment(REPO, "dev", Environment())


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
def test_who_may_push(server: Server, client: GitHub, reply: Reply, expected: bool) -> None:
    server.reply(reply)

    assert client.may_push(REPO, "ada") is expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"permission": "admin"}), True),
        (Reply(body={"permission": "read"}), True),
        (Reply(body={"permission": "none"}), False),
        (Reply(status=404, body={}), False),
    ],
)
def test_who_may_read(server: Server, client: GitHub, reply: Reply, expected: bool) -> None:
    server.reply(reply)

    assert client.may_read(REPO, "hedy") is expected


def test_a_collaborator_may_push(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=201, body={}))

    client.add_collaborator(REPO, "ada")

    assert server.asked == [f"PUT /repos/{REPO}/collaborators/ada"]
    assert server.requests[0].json == {"permission": "push"}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([{"type": "deletion"}, {"type": "pull_request"}], True),
        ([{"type": "deletion"}], False),
        (list[object](), False),
        ({"message": "nonsense"}, False),
    ],
)
def test_protection_is_read_back(server: Server, client: GitHub, rules: object, expected: bool) -> None:
    server.reply(Reply(body=rules))

    assert client.requires_pull_request(REPO, "main") is expected
    assert server.asked == [f"GET /repos/{REPO}/rules/branches/main"]


def test_deleting_and_archiving(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=204), Reply(status=404, body={}), Reply(body={}))

    client.delete_repository(REPO)
    client.delete_repository(REPO)
    client.archive_repository(REPO)

    assert server.asked == [f"DELETE /repos/{REPO}", f"DELETE /repos/{REPO}", f"PATCH /repos/{REPO}"]
    assert server.requests[-1].json == {"archived": True}


def test_a_branch_that_exists_is_left_alone(server: Server, client: GitHub) -> None:
    server.reply(
        Reply(status=201, body={}),
        Reply(status=422, body={"message": "Reference already exists"}),
        Reply(status=422, body={"message": "Object does not exist"}),
    )

    client.create_branch(REPO, "settings", "abc")
    client.create_branch(REPO, "settings", "abc")
    with pytest.raises(GitHubError, match="Object does not exist"):
        client.create_branch(REPO, "settings", "abc")

    assert server.requests[0].json == {"ref": "refs/heads/settings", "sha": "abc"}


def test_a_pull_request_that_is_open_is_left_alone(server: Server, client: GitHub) -> None:
    exists = {"message": "Validation Failed", "errors": [{"message": "A pull request already exists for acme:s."}]}
    server.reply(
        Reply(status=201, body={}),
        Reply(status=422, body=exists),
        Reply(status=422, body={"message": "Validation Failed", "errors": [{"message": "No commits between"}]}),
    )

    client.open_pull_request(REPO, "settings", "main", "Title", "Body")
    client.open_pull_request(REPO, "settings", "main", "Title", "Body")
    with pytest.raises(GitHubError, match="No commits between"):
        client.open_pull_request(REPO, "settings", "main", "Title", "Body")

    assert server.requests[0].json == {"head": "settings", "base": "main", "title": "Title", "body": "Body"}


def test_earlier_dispatches_are_counted(server: Server, client: GitHub) -> None:
    server.reply(Reply(body={"total_count": 1}), Reply(body={"total_count": 0}), Reply(status=404, body={}))

    assert client.was_dispatched(REPO, "train.yml")
    assert not client.was_dispatched(REPO, "train.yml")
    assert not client.was_dispatched(REPO, "train.yml")
    assert server.asked[0].endswith("/actions/workflows/train.yml/runs?event=workflow_dispatch&per_page=1")
