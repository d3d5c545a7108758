"""Rate limits, injected faults, and the state after a restart."""

import json
import ssl
from pathlib import Path

import pytest

from sandbox.github.seed import Limits
from sandbox.github.transport import ResetConnectionError
from tests.sandbox_github.client import MEMBER, Client, repository, seed, start
from tests.sandbox_github.remote import Remote


def test_creating_too_much_content_is_refused_with_retry_after(tmp_path: Path) -> None:
    call = start(tmp_path, seed(limits=Limits(content_per_minute=2)))
    repository(call, "one")
    repository(call, "two")
    refused = call("POST", "/orgs/acme/repos", {"name": "three"})
    assert refused.status == 403
    assert "secondary rate limit" in refused.json["message"]
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert call("GET", "/repos/acme/three").status == 404
    assert call.by(MEMBER)("POST", "/orgs/acme/repos", {"name": "three"}).status == 201, (
        "others have limits of their own"
    )
    call.github.close()


def test_an_exhausted_rate_limit_names_the_time_of_its_reset(tmp_path: Path) -> None:
    call = start(tmp_path, seed(limits=Limits(requests_per_hour=2)))
    assert call("GET", "/user").headers["x-ratelimit-remaining"] == "1"
    assert call("GET", "/user").headers["x-ratelimit-remaining"] == "0"
    refused = call("GET", "/user")
    assert refused.status == 403
    assert refused.json["message"] == "API rate limit exceeded for user ID 11."
    assert int(refused.headers["x-ratelimit-reset"]) > 0
    call.github.close()


def test_too_many_requests_in_a_minute_are_refused_and_writes_weigh_five_times_as_much(tmp_path: Path) -> None:
    call = start(tmp_path, seed(limits=Limits(points_per_minute=6)))
    repository(call, "one")
    assert call("GET", "/user").status == 200
    assert call("GET", "/user").status == 403
    call.github.close()


def fault(call: Client, **values: object) -> None:
    assert call.raw("POST", "/_sandbox/faults", json.dumps(values).encode()).status == 204


def test_a_fault_strikes_the_given_number_of_times(call: Client) -> None:
    fault(call, method="GET", path="/user$", times=2, status=502, headers={"retry-after": "1"})
    answers = [call("GET", "/user") for _ in range(3)]
    assert [answer.status for answer in answers] == [502, 502, 200]
    assert answers[0].headers["retry-after"] == "1"
    assert call("GET", "/orgs/acme").status == 200


def test_a_fault_can_lose_the_response_to_a_request_that_was_carried_out(call: Client) -> None:
    fault(call, method="POST", path="/orgs/acme/repos$", status=502, after=True)
    assert call("POST", "/orgs/acme/repos", {"name": "made"}).status == 502
    assert call("GET", "/repos/acme/made").status == 200


def test_a_fault_can_reset_the_connection(call: Client) -> None:
    fault(call, path="/user$", reset=True)
    with pytest.raises(ResetConnectionError):
        call("GET", "/user")
    assert call("GET", "/user").status == 200


def test_clients_see_a_reset_connection(remote: Remote) -> None:
    assert remote.raw("POST", "/_sandbox/faults", {"path": "/user$", "reset": True}).status == 204
    with pytest.raises((ConnectionError, ssl.SSLError)):
        remote("GET", "/user")
    assert remote("GET", "/user").status == 200


def test_a_misspelt_fault_is_refused(call: Client) -> None:
    assert call.raw("POST", "/_sandbox/faults", b'{"path": "/", "statsu": 500}').status == 400
    assert call.raw("GET", "/_sandbox/nothing").status == 404


def test_requests_are_listed_with_their_callers(call: Client) -> None:
    call("GET", "/user")
    call.by(MEMBER)("GET", "/repos/acme/none")
    listed = call.raw("GET", "/_sandbox/requests").json
    assert [(one["method"], one["path"], one["status"], one["login"]) for one in listed] == [
        ("GET", "/api/v3/user", 200, "olivia"),
        ("GET", "/api/v3/repos/acme/none", 404, "mia"),
    ]
    assert call.raw("DELETE", "/_sandbox/requests").status == 204
    assert call.raw("GET", "/_sandbox/requests").json == []


def test_a_repository_survives_a_restart_and_keeps_its_id(call: Client, tmp_path: Path) -> None:
    path = repository(call, "kept")
    before = call("GET", path).json
    call.github.close()
    again = start(tmp_path, seed())
    assert again("GET", path).json == before
    assert again("GET", f"{path}/contents/README.md").status == 200
    assert again("POST", "/orgs/acme/repos", {"name": "next"}).json["id"] > before["id"]
    again.github.close()


def test_tokens_are_never_written_to_disk(call: Client, tmp_path: Path) -> None:
    repository(call, "kept")
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"token-of-the-owner" in file.read_bytes()]
