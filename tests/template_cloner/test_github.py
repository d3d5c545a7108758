"""The GitHub client against a real HTTP server: what it asks for, and what it makes of every kind of answer."""

import base64
import logging
from collections.abc import Iterator

import pytest
from cloner import github
from cloner.deadline import Deadline, DeadlinePassedError
from cloner.errors import LaunchError
from cloner.github import File, GitHub, GitHubError, OutcomeUnknownError, Repository

from tests.template_cloner.server import Reply, Server, serving
from tests.template_cloner.world import Clock

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


def test_every_request_carries_the_token_and_the_version_of_the_api(server: Server, client: GitHub) -> None:
    server.reply(Reply(body={"login": "ada", "type": "User"}))

    client.user_type("ada")

    [request] = server.requests
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["X-Github-Api-Version"] == "2022-11-28"


def test_no_log_shows_the_token(server: Server, client: GitHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.reply(Reply(status=401, body={"message": "Bad credentials"}))

    with pytest.raises(GitHubError) as error:
        client.user_type("ada")

    assert "python -m bootstrap" in str(error.value)
    assert caplog.messages == ["GET /users/ada: 401"]
    assert TOKEN not in caplog.text + str(error.value)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body={"login": "ada", "type": "User"}), "User"),
        (Reply(body={"login": "Ada", "type": "User"}), "User"),
        (Reply(body={"login": "adalovelace", "type": "User"}), None),
        (Reply(status=404, body={"message": "Not Found"}), None),
    ],
    ids=["exact", "capitals", "somebody else", "nobody"],
)
def test_a_user_is_looked_up_exactly(server: Server, client: GitHub, reply: Reply, expected: str | None) -> None:
    server.reply(reply)

    assert client.user_type("ada") == expected


def test_a_login_is_quoted(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=404, body={}))

    client.user_type("../orgs")

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
    server.reply(Reply(body={"name": "dev"}), Reply(status=404, body={}), Reply(body={"name": "dev"}))

    assert client.has_environment(REPO, "dev")
    assert not client.has_environment(REPO, "dev")
    client.create_environment(REPO, "dev")

    assert server.asked[-1] == f"PUT /repos/{REPO}/environments/dev"


def test_only_protected_branches_enter_an_environment(server: Server, client: GitHub) -> None:
    """AWS trusts whoever is in the environment, so a branch that anybody may push to must not get there."""
    server.reply(Reply(body={"name": "dev"}))

    client.create_environment(REPO, "dev")

    policy = {"protected_branches": True, "custom_branch_policies": False}
    assert server.requests[-1].json == {"deployment_branch_policy": policy}


@pytest.mark.parametrize("status", [404, 422])
def test_a_plan_without_environments_is_named(server: Server, client: GitHub, status: int) -> None:
    server.reply(Reply(status=status, body={"message": "Failed to create the environment protection rule."}))

    with pytest.raises(GitHubError, match="GitHub Team or Enterprise"):
        client.create_environment(REPO, "dev")


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


@pytest.mark.parametrize(("status", "expected"), [(204, True), (200, True), (404, False), (422, False)])
def test_a_workflow_is_dispatched_once_github_knows_it(
    server: Server, client: GitHub, status: int, expected: bool
) -> None:
    server.reply(Reply(status=status))

    assert client.dispatch(REPO, "train.yml", "main") is expected
    assert server.requests[0].json == {"ref": "main"}


@pytest.mark.parametrize(
    "failure",
    [
        Reply(status=502, raw=b"<html>Unicorn!</html>"),
        Reply(status=500, body={"message": "Server Error"}),
        Reply(hang_up=True),
        Reply(body={"login": "ada"}, short=True),
    ],
    ids=["502 with a page", "500", "connection closed", "answer cut off"],
)
def test_reading_is_repeated_when_github_fails(server: Server, client: GitHub, clock: Clock, failure: Reply) -> None:
    server.reply(failure, failure, Reply(body={"login": "ada", "type": "User"}))
    started = clock.now

    assert client.user_type("ada") == "User"
    assert len(server.requests) == 3
    assert clock.now - started == 1 + 2


def test_a_put_is_repeated_when_github_fails(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=502), Reply(status=204))

    client.add_collaborator(REPO, "ada")

    assert len(server.requests) == 2


def test_github_is_given_up_after_five_failures(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=503))

    with pytest.raises(GitHubError, match=r"failed 5 times at GET /users/ada \(last: 503\)"):
        client.user_type("ada")
    assert len(server.requests) == 5


def test_a_server_that_nobody_runs_is_named(clock: Clock) -> None:
    with serving() as gone:
        pass

    with pytest.raises(GitHubError, match="Connection refused"):
        a_client(gone, clock).user_type("ada")


def test_a_silent_server_times_out(server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "_TIMEOUT_SECONDS", 0.05)
    server.reply(Reply(delay=0.2, body={}), Reply(body={"login": "ada", "type": "User"}))

    assert a_client(server, clock).user_type("ada") == "User"


@pytest.mark.parametrize("failure", [Reply(status=502), Reply(hang_up=True)])
def test_a_post_that_got_no_answer_is_not_repeated_blindly(server: Server, client: GitHub, failure: Reply) -> None:
    server.reply(failure)

    with pytest.raises(OutcomeUnknownError):
        client.generate("acme/template", "acme", "mlops-abalone", "marker")
    assert len(server.requests) == 1


def limits(clock: Clock) -> dict[str, tuple[Reply, float]]:
    """Refusals by a limit, and how long to wait after each."""
    secondary = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(clock.now) + 90)}
    past = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(clock.now) - 90)}
    return {
        "403 with Retry-After": (Reply(status=403, headers={"Retry-After": "17"}, body=secondary), 17),
        "429 with Retry-After": (Reply(status=429, headers={"Retry-After": "23"}, body=secondary), 23),
        "primary limit": (Reply(status=403, headers=reset, body={"message": "API rate limit exceeded"}), 90),
        "primary limit that is over": (Reply(status=403, headers=past, body={"message": "exceeded"}), 1),
        "secondary limit without a time": (Reply(status=403, body=secondary), 60),
        "429 without a time": (Reply(status=429, headers={"Retry-After": "soon"}, body={}), 60),
        "primary limit without a time": (Reply(status=429, headers={"X-RateLimit-Remaining": "0"}, body={}), 60),
    }


@pytest.mark.parametrize("name", limits(Clock()))
def test_a_limit_is_waited_out_for_exactly_as_long_as_github_asks(
    server: Server, client: GitHub, clock: Clock, name: str
) -> None:
    reply, seconds = limits(clock)[name]
    server.reply(reply, Reply(status=201, body={}))
    started = clock.now

    assert client.generate("acme/template", "acme", "mlops-abalone", "marker")
    assert clock.now - started == seconds


def test_a_limit_without_a_time_is_waited_out_longer_each_time(server: Server, client: GitHub, clock: Clock) -> None:
    server.reply(Reply(status=429, body={}), Reply(status=429, body={}), Reply(status=204))
    started = clock.now

    client.add_collaborator(REPO, "ada")

    assert clock.now - started == 60 + 120


def test_a_limit_beyond_the_deadline_fails_at_once_and_says_until_when(
    server: Server, client: GitHub, clock: Clock
) -> None:
    server.reply(Reply(status=403, headers={"Retry-After": "3600"}, body={}))
    started = clock.now

    with pytest.raises(LaunchError, match=r"used up until \d\d:\d\d:\d\d UTC; launch again after that"):
        client.add_collaborator(REPO, "ada")
    assert clock.now == started


def test_a_missing_permission_is_named(server: Server, client: GitHub) -> None:
    server.reply(
        Reply(
            status=403,
            headers={"X-Accepted-GitHub-Permissions": "administration=write"},
            body={"message": "Resource not accessible by integration"},
        ),
        Reply(status=404, body={"message": "Not Found"}),
    )

    with pytest.raises(GitHubError, match=r"lacks a permission: administration=write"):
        client.add_collaborator(REPO, "ada")
    with pytest.raises(GitHubError, match=r"\(404: Not Found\); .* lacks a permission$"):
        client.add_collaborator(REPO, "ada")


def test_a_plan_that_is_too_small_is_not_taken_for_a_missing_permission(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=403, body={"message": "Upgrade to GitHub Team or make this repository public."}))

    with pytest.raises(GitHubError, match="GitHub plan does not include this"):
        client.requires_pull_request(REPO, "main")


def test_another_refusal_is_told_as_it_is(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=422, body={"message": "Validation Failed", "errors": [{"code": "invalid"}]}))

    with pytest.raises(GitHubError, match=r'refused PUT .* \(422: Validation Failed \[\{"code": "invalid"\}\]\)'):
        client.add_collaborator(REPO, "ada")


def test_a_refusal_without_a_reason(server: Server, client: GitHub) -> None:
    server.reply(Reply(status=400))

    with pytest.raises(GitHubError, match="400: no reason given"):
        client.user_type("ada")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_asked_after_the_deadline(server: Server, clock: Clock, method: str) -> None:
    server.reply(Reply(status=200, body={}))
    late = a_client(server, clock, seconds=0)

    with pytest.raises(DeadlinePassedError):
        late.user_type("ada") if method == "GET" else late.dispatch(REPO, "train.yml", "main")
    assert server.requests == []


def test_no_attempt_begins_that_the_deadline_would_cut_off(server: Server, clock: Clock) -> None:
    server.reply(Reply(status=502))

    with pytest.raises(DeadlinePassedError, match="no time is left to wait 2 s for GitHub"):
        a_client(server, clock, seconds=2.5).user_type("ada")
    assert len(server.requests) == 2


def test_the_clock_of_the_function_is_the_default() -> None:
    deadline = Deadline(at=Deadline(at=0).now() + 60)

    assert 59 < deadline.remaining() <= 60
    assert Deadline(at=0).remaining() == 0
    deadline.pause(0, waiting_for="nothing")
