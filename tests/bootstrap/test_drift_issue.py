"""`drift-issue` at a local GitHub, with the token of a job."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bootstrap import drift_issue, github
from bootstrap.errors import BootstrapError
from tests.sandbox_github.client import MEMBER, OUTSIDER, Client, seed, start

ISSUES = "/repos/acme/platform/issues"
JOB = {
    "GITHUB_API_URL": "https://localhost:1/api/v3",
    "GITHUB_REPOSITORY": "acme/platform",
    "GITHUB_RUN_ID": "5",
    "GITHUB_SERVER_URL": "https://localhost:1",
    "GITHUB_TOKEN": "",
}


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A GitHub in this process, to which the requests go."""
    client = start(tmp_path, seed())

    def request(
        _: github.Server, method: str, path: str, token: str, body: Mapping[str, object] | None
    ) -> github.Answer:
        answer = client.by(token)(method, path, body)
        found: Any = answer.json
        return github.Answer(
            status=answer.status,
            headers=answer.headers,
            body={} if isinstance(found, list) else found,
            items=found if isinstance(found, list) else (),
        )

    def get(server: github.Server, path: str, token: str) -> github.Answer:
        return request(server, "GET", path, token, None)

    monkeypatch.setattr(github, "get", get)
    monkeypatch.setattr(github, "send", request)
    yield client
    client.github.close()


def tell(call: Client, differences: str, stack: str = "prod", **permissions: str) -> str:
    """Tell of differences as a job of the repository."""
    found = call.github.store.repository("acme", "platform")
    token = call.github.store.tokens.issue(found, {"contents": "read", "issues": "write", **permissions})
    return drift_issue.tell(stack, differences, {**JOB, "GITHUB_TOKEN": token})


def issues(call: Client) -> list[dict[str, Any]]:
    return list(reversed(call("GET", f"{ISSUES}?state=all").json))


def test_a_stack_without_drift_has_no_issue(call: Client) -> None:
    assert tell(call, "") == "prod has no drift."
    assert issues(call) == []


def test_drift_opens_one_issue_of_its_stack_which_follows_it_and_is_closed_when_it_is_gone(call: Client) -> None:
    opened = tell(call, "- update `a`")
    assert opened == "prod has drift: opened https://localhost:1/acme/platform/issues/1"
    assert tell(call, "- delete `b`", stack="dev").endswith("/issues/2")
    assert tell(call, "- update `c`").endswith("/issues/1")
    first, second = issues(call)
    assert (first["title"], second["title"]) == ("Drift of prod", "Drift of dev")
    assert "\n\n- update `c`\n\n" in first["body"]
    assert "https://localhost:1/acme/platform/actions/runs/5" in first["body"]
    assert tell(call, "") == "prod has no drift any more: closed https://localhost:1/acme/platform/issues/1"
    assert [each["state"] for each in issues(call)] == ["closed", "open"]
    assert tell(call, "- update `a`").endswith("opened https://localhost:1/acme/platform/issues/3")


def test_an_issue_that_somebody_without_access_opened_under_that_title_is_left_alone(call: Client) -> None:
    call("PATCH", "/repos/acme/platform", {"private": False})
    made = {"title": "Drift of prod", "body": "mine", "labels": ["drift"]}
    assert call.by(OUTSIDER)("POST", ISSUES, made).status == 201
    assert tell(call, "- update `a`").endswith("/issues/2")
    tell(call, "")
    theirs, ours = issues(call)
    assert (theirs["body"], theirs["state"], ours["state"]) == ("mine", "open", "closed")


def test_a_job_that_may_not_write_issues_is_told_which_permission_it_lacks(call: Client) -> None:
    with pytest.raises(BootstrapError, match=r"^GitHub answered 403: .*the permission issues: write"):
        tell(call, "- update `a`", issues="read")


def test_outside_of_a_job_the_missing_variables_are_named() -> None:
    with pytest.raises(BootstrapError, match="GITHUB_RUN_ID, GITHUB_TOKEN must be set"):
        drift_issue.tell("prod", "", {**JOB, "GITHUB_RUN_ID": ""})


def test_issues_and_pull_requests_share_their_numbers_and_the_list(call: Client) -> None:
    place = "/repos/acme/shared"
    assert call("POST", "/orgs/acme/repos", {"name": "shared", "auto_init": True}).status == 201
    head = call("GET", f"{place}/git/ref/heads/main").json["object"]["sha"]
    call("POST", f"{place}/git/refs", {"ref": "refs/heads/change", "sha": head})
    file = {"message": "m", "content": "YQ==", "branch": "change"}
    assert call("PUT", f"{place}/contents/a", file).status == 201
    assert call("POST", f"{place}/issues", {"title": "one"}).json["number"] == 1
    assert call("POST", f"{place}/pulls", {"title": "two", "head": "change", "base": "main"}).json["number"] == 2
    listed = call.by(MEMBER)("GET", f"{place}/issues").json
    assert [(each["number"], "pull_request" in each) for each in listed] == [(2, True), (1, False)], json.dumps(listed)
