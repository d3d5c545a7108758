"""The requests that a launch sends to GitHub, and its handling of the answers, against a real HTTP server."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import GitHubError
from functions.template_cloner.github import File, GitHub, Repository
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.github_users import User
from tests.functions.shared.clock import Clock
from tests.functions.shared.server import Reply, Server, serving

TOKEN = "ghp_a-token-that-no-log-may-show"
REPO = "acme/mlops-abalone"
MAIN = frozenset({("branch", "main")})
BY_NAME = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


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


def test_a_taken_name_differs_from_other_refusals(server: Server, client: GitHub) -> None:
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
def test_another_commit_was_faster(server: Server, client: GitHub, reply: Reply) -> None:
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


def policies(*named: tuple[str, str]) -> Reply:
    """Return the refs that an environment admits by name: types and patterns."""
    listed = [{"id": 71 + index, "type": kind, "name": name} for index, (kind, name) in enumerate(named)]
    return Reply(body={"total_count": len(listed), "branch_policies": listed})


def test_environments(server: Server, client: GitHub) -> None:
    server.reply(
        Reply(body={"name": "dev", "protection_rules": [{"type": "branch_policy"}], **BY_NAME}),
        policies(("branch", "main")),
        Reply(status=404, body={}),
    )

    assert client.environment(REPO, "dev") == Environment(admits=MAIN)
    assert client.environment(REPO, "dev") is None
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
    server: Server, client: GitHub, found: dict[str, object]
) -> None:
    server.reply(Reply(body={"name": "dev", "protection_rules": [], **found}))

    assert client.environment(REPO, "dev") == Environment(admits=None)
    assert len(server.requests) == 1


def test_all_refs_that_an_environment_admits_are_read(server: Server, client: GitHub) -> None:
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
    assert client.environment(REPO, "dev") == Environment(admits=several)
    assert client.environment(REPO, "dev") == Environment(admits=MAIN)
    assert client.environment(REPO, "dev") == Environment(admits=frozenset())


@pytest.mark.parametrize(
    ("shown", "bypass"), [({"can_admins_bypass": True}, True), ({"can_admins_bypass": False}, False), ({}, False)]
)
def test_reviewers_of_an_environment_are_read_as_github_keeps_them(
    server: Server, client: GitHub, shown: dict[str, object], bypass: bool
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

    assert client.environment(REPO, "prod") == Environment(
        reviewers=frozenset({("User", 3), ("Team", 3)}),
        prevents_self_review=True,
        administrators_bypass=bypass,
        admits=MAIN,
    )


def test_without_reviewers_administrators_have_nothing_to_bypass(server: Server, client: GitHub) -> None:
    server.reply(
        Reply(body={"protection_rules": [], "can_admins_bypass": True, **BY_NAME}), policies(("branch", "main"))
    )

    assert client.environment(REPO, "dev") == Environment(admits=MAIN)


def test_reviewers_of_an_environment_never_review_their_own_runs(server: Server, client: GitHub) -> None:
    server.reply(Reply(body={"name": "prod"}))

    wanted = Environment(reviewers=frozenset({("User", 5), ("User", 3)}), prevents_self_review=True, admits=MAIN)
    client.write_environment(REPO, "prod", wanted)

    assert server.requests[-1].json == {
        **BY_NAME,
        "can_admins_bypass": False,
        "reviewers": [{"type": "User", "id": 3}, {"type": "User", "id": 5}],
        "prevent_self_review": True,
    }


def test_a_new_environment_admits_no_ref_yet(server: Server, client: GitHub) -> None:
    server.reply(Reply(body={"name": "dev"}))

    client.write_environment(REPO, "dev", Environment(admits=MAIN))

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
    server: Server, client: GitHub, wanted: Environment, message: str
) -> None:
    server.reply(Reply(status=422, body={"message": message}), Reply(body={"name": "dev"}))

    client.write_environment(REPO, "dev", wanted)

    bodies: list[Any] = [request.json for request in server.requests]
    assert bodies[0].pop("can_admins_bypass") is False
    assert bodies[1] == bodies[0]


def test_only_the_branch_that_is_named_enters_an_environment(server: Server, client: GitHub) -> None:
    """AWS trusts whoever is in the environment, so a branch that anybody may push to must not get there."""
    server.reply(policies(), Reply(body={"id": 71, "name": "main", "type": "branch"}))

    client.admit(REPO, "dev", MAIN)

    path = f"/repos/{REPO}/environments/dev/deployment-branch-policies"
    assert server.asked == [f"GET {path}?per_page=100", f"POST {path}"]
    assert server.requests[-1].json == {"name": "main", "type": "branch"}


def test_other_refs_are_shut_out_first(server: Server, client: GitHub) -> None:
    admitted = policies(("branch", "release/*"), ("tag", "main"))
    server.reply(admitted, Reply(status=204), Reply(status=404, body={}), Reply(body={"id": 73}))

    client.admit(REPO, "dev", MAIN)

    path = f"/repos/{REPO}/environments/dev/deployment-branch-policies"
    assert server.asked[1:] == [f"DELETE {path}/71", f"DELETE {path}/72", f"POST {path}"]


def test_a_branch_that_is_admitted_already_needs_no_request(server: Server, client: GitHub) -> None:
    server.reply(policies(("branch", "main")))
    client.admit(REPO, "dev", MAIN)
    assert len(server.requests) == 1

    server.reply(policies(), Reply(status=303, headers={"Location": f"{server.url}/elsewhere"}, body={}))
    client.admit(REPO, "dev", MAIN)
    assert server.asked[-1].startswith("POST ")


def test_an_environment_that_admits_by_another_rule_meanwhile_is_named(server: Server, client: GitHub) -> None:
    server.reply(policies(), Reply(status=404, body={"message": "Not Found"}))

    with pytest.raises(GitHubError, match=r"does not let the branch main into the environment dev .* another rule"):
        client.admit(REPO, "dev", MAIN)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"login": "ada", "id": 7}), 7),
        (Reply(status=403, body={"message": "Resource not accessible by integration"}), None),
        (Reply(status=401, body={"message": "Requires authentication"}), None),
    ],
    ids=["a person", "an app", "no user"],
)
def test_whose_token_it_is(server: Server, client: GitHub, reply: Reply, expected: int | None) -> None:
    server.reply(reply)

    assert client.credential_owner() == expected
    assert server.asked == ["GET /user"]


def test_a_github_that_fails_is_not_taken_for_an_app(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=404, body={}))

    with pytest.raises(GitHubError):
        client.credential_owner()


def test_a_limit_is_not_taken_for_an_app(server: Server, client: GitHub) -> None:
    limited = Reply(status=403, headers={"Retry-After": "3"}, body={"message": "secondary rate limit"})
    server.reply(limited, Reply(body={"id": 7}))

    assert client.credential_owner() == 7


@pytest.mark.parametrize("status", [404, 422])
def test_a_plan_without_environments_is_named(server: Server, client: GitHub, status: int) -> None:
    server.reply(Reply(status=status, body={"message": "Failed to create the environment protection rule."}))

    with pytest.raises(GitHubError, match="GitHub Team or Enterprise"):
        client.write_environment(REPO, "dev", Environment(admits=None))


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
    server: Server, client: GitHub, reply: Reply, expected: bool
) -> None:
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
def test_users_with_any_permission_may_read(server: Server, client: GitHub, reply: Reply, expected: bool) -> None:
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
