"""The GitHub client against a real HTTP server: how it asks, and what it makes of every kind of failure."""

import logging
from collections.abc import Iterator

import pytest

from functions.shared.github_api import client as transport
from functions.shared.github_api.client import Client
from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import DeadlinePassedError, GitHubError, OutcomeUnknownError, RateLimitError
from tests.functions.shared.clock import Clock
from tests.functions.shared.server import Reply, Server, serving

TOKEN = "ghp_a-token-that-no-log-may-show"
REPO = "acme/mlops-abalone"
ADA = {"login": "ada", "type": "User"}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(server: Server, clock: Clock) -> Client:
    return a_client(server, clock)


def a_client(server: Server, clock: Clock, seconds: float = 280.0, jitter: float = 1.0) -> Client:
    deadline = Deadline(at=clock.now + seconds, now=clock, sleep=clock.sleep)
    return Client(server.url, TOKEN, deadline, wall_clock=clock, jitter=lambda: jitter)


def put(client: Client) -> None:
    client.send("PUT", f"/repos/{REPO}/collaborators/ada", {"permission": "push"}, accept=(201, 204))


def post(client: Client) -> int:
    return client.send("POST", "/repos/acme/template/generate", {"name": "mlops-abalone"}, accept=(201,))[0]


def test_every_request_carries_the_token_and_the_version_of_the_api(server: Server, client: Client) -> None:
    server.reply(Reply(body=ADA))

    client.get("/users/ada")

    [request] = server.requests
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["X-Github-Api-Version"] == "2022-11-28"


def test_no_log_shows_the_token(server: Server, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.reply(Reply(status=401, body={"message": "Bad credentials"}))

    with pytest.raises(GitHubError) as error:
        client.get("/users/ada")

    assert "python -m bootstrap" in str(error.value)
    assert caplog.messages == ["GET /users/ada: 401"]
    assert TOKEN not in caplog.text + str(error.value)


STARTED = {"workflow_run_id": 7, "html_url": "https://github.com/acme/runs/7"}


@pytest.mark.parametrize(
    ("reply", "run"),
    [
        (Reply(status=200, body=STARTED), "https://github.com/acme/runs/7"),
        (Reply(status=204), ""),
        (Reply(status=404), None),
        (Reply(status=422, body={"message": "Workflow does not have 'workflow_dispatch' trigger"}), None),
    ],
    ids=["started, with its run", "started", "unknown", "refused"],
)
def test_a_workflow_is_dispatched_once_github_knows_it(
    server: Server, client: Client, reply: Reply, run: str | None
) -> None:
    server.reply(reply)

    assert client.dispatch(REPO, "train.yml", "main") == run
    assert [each.json for each in server.requests] == [{"ref": "main", "return_run_details": True}]


def test_a_server_that_cannot_tell_the_run_starts_it_all_the_same(server: Server, client: Client) -> None:
    refusal = {"message": 'Invalid request.\n\n"return_run_details" is not a permitted key.'}
    server.reply(Reply(status=422, body=refusal), Reply(status=204))

    assert client.dispatch(REPO, "train.yml", "main", {"word": "hello"}) == ""
    assert server.requests[1].json == {"ref": "main", "inputs": {"word": "hello"}}


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
def test_reading_is_repeated_when_github_fails(server: Server, client: Client, clock: Clock, failure: Reply) -> None:
    server.reply(failure, failure, Reply(body=ADA))
    started = clock.now

    assert client.get("/users/ada") == ADA
    assert len(server.requests) == 3
    assert clock.now - started == 1 + 2


def test_a_put_is_repeated_when_github_fails(server: Server, client: Client) -> None:
    server.reply(Reply(status=502), Reply(status=204))

    put(client)

    assert len(server.requests) == 2


def test_github_is_given_up_after_five_failures(server: Server, client: Client) -> None:
    server.reply(Reply(status=503))

    with pytest.raises(GitHubError, match=r"failed 5 times at GET /users/ada \(last: 503\)"):
        client.get("/users/ada")
    assert len(server.requests) == 5


def test_an_unreachable_server_is_named(clock: Clock) -> None:
    with serving() as gone:
        pass

    with pytest.raises(GitHubError, match="Connection refused"):
        a_client(gone, clock).get("/users/ada")


def test_a_silent_server_times_out(server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_TIMEOUT_SECONDS", 0.05)
    server.reply(Reply(delay=0.2, body={}), Reply(body=ADA))

    assert a_client(server, clock).get("/users/ada") == ADA


@pytest.mark.parametrize("failure", [Reply(status=502), Reply(hang_up=True)])
def test_a_post_that_got_no_answer_is_not_repeated_blindly(server: Server, client: Client, failure: Reply) -> None:
    server.reply(failure)

    with pytest.raises(OutcomeUnknownError):
        post(client)
    assert len(server.requests) == 1


def limits(clock: Clock) -> dict[str, tuple[Reply, float]]:
    """Refusals by a rate limit, and the seconds to wait after each."""
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
@pytest.mark.parametrize("jitter", [0.0, 0.5])
def test_a_limit_is_waited_out_for_as_long_as_github_asks_and_up_to_a_second_longer(
    server: Server, clock: Clock, name: str, jitter: float
) -> None:
    reply, seconds = limits(clock)[name]
    server.reply(reply, Reply(status=201, body={}))
    started = clock.now

    assert post(a_client(server, clock, jitter=jitter)) == 201
    assert clock.now - started == seconds + jitter


def test_a_limit_without_a_time_is_waited_out_longer_each_time(server: Server, clock: Clock) -> None:
    server.reply(Reply(status=429, body={}), Reply(status=429, body={}), Reply(status=204))
    started = clock.now

    put(a_client(server, clock, jitter=0.0))

    assert clock.now - started == 60 + 120


def test_those_who_wait_for_the_same_moment_spread_more_each_time_up_to_half_a_minute(
    server: Server, clock: Clock
) -> None:
    refused = Reply(status=403, headers={"Retry-After": "1"}, body={"message": "secondary rate limit"})
    server.reply(*[refused] * 7, Reply(status=204))
    started = clock.now

    put(a_client(server, clock, jitter=1.0))

    assert clock.now - started == 7 * 1 + (1 + 2 + 4 + 8 + 16 + 30 + 30)


def test_nobody_waits_longer_than_the_deadline_allows_when_the_limit_ends_before_it(
    server: Server, clock: Clock
) -> None:
    server.reply(Reply(status=403, headers={"Retry-After": "9"}, body={}), Reply(status=204))
    started = clock.now

    put(a_client(server, clock, seconds=9.5))

    assert clock.now - started == 9


def test_the_log_says_until_when_a_limit_is_waited_for(
    server: Server, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.reply(Reply(status=403, headers={"Retry-After": "40"}, body={}), Reply(status=204))

    put(client)

    assert "waiting for GitHub's rate limit, which is used up until 13:47:20 UTC" in caplog.messages


def test_a_limit_beyond_the_deadline_fails_at_once_and_says_until_when(
    server: Server, client: Client, clock: Clock
) -> None:
    server.reply(Reply(status=403, headers={"Retry-After": "3600"}, body={}))
    started = clock.now

    with pytest.raises(RateLimitError, match=r"used up until \d\d:\d\d:\d\d UTC; after that, try again"):
        put(client)
    assert clock.now == started


def test_a_missing_permission_is_named(server: Server, client: Client) -> None:
    server.reply(
        Reply(
            status=403,
            headers={"X-Accepted-GitHub-Permissions": "administration=write"},
            body={"message": "Resource not accessible by integration"},
        ),
        Reply(status=404, body={"message": "Not Found"}),
    )

    with pytest.raises(GitHubError, match=r"lacks a permission: administration=write"):
        put(client)
    with pytest.raises(GitHubError, match=r"\(404: Not Found\); .* lacks a permission$"):
        put(client)


def test_a_plan_that_is_too_small_is_not_taken_for_a_missing_permission(server: Server, client: Client) -> None:
    server.reply(Reply(status=403, body={"message": "Upgrade to GitHub Team or make this repository public."}))

    with pytest.raises(GitHubError, match="GitHub plan does not include this"):
        put(client)


def test_another_refusal_is_reported_as_it_is(server: Server, client: Client) -> None:
    server.reply(Reply(status=422, body={"message": "Validation Failed", "errors": [{"code": "invalid"}]}))

    with pytest.raises(GitHubError, match=r'refused PUT .* \(422: Validation Failed \[\{"code": "invalid"\}\]\)'):
        put(client)


def test_a_refusal_without_a_reason(server: Server, client: Client) -> None:
    server.reply(Reply(status=400))

    with pytest.raises(GitHubError, match="400: no reason given"):
        client.get("/users/ada")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_request_is_sent_after_the_deadline(server: Server, clock: Clock, method: str) -> None:
    server.reply(Reply(status=200, body={}))
    late = a_client(server, clock, seconds=0)

    with pytest.raises(DeadlinePassedError):
        late.get("/users/ada") if method == "GET" else late.dispatch(REPO, "train.yml", "main")
    assert server.requests == []


def test_no_attempt_begins_that_the_deadline_would_cut_off(server: Server, clock: Clock) -> None:
    server.reply(Reply(status=502))

    with pytest.raises(DeadlinePassedError, match="no time is left to wait 2 s for GitHub"):
        a_client(server, clock, seconds=2.5).get("/users/ada")
    assert len(server.requests) == 2


def test_the_clock_of_the_function_is_the_default() -> None:
    deadline = Deadline(at=Deadline(at=0).now() + 60)

    assert 59 < deadline.remaining() <= 60
    assert Deadline(at=0).remaining() == 0
    deadline.pause(0, waiting_for="nothing")
