"""Issues, their comments, and labels, which may start runs."""

import pytest

from tests.sandbox_github.client import MEMBER, REVIEWER, Client, encoded, repository, wait_until

LABELED = """\
on: {pull_request: {types: [labeled]}}
jobs: {a: {runs-on: ubuntu-latest, steps: [{run: echo}]}}
"""


@pytest.fixture
def path(call: Client) -> str:
    """A repository in which nothing is executed, a member writes and another one reads."""
    call.github.store.seed.runners = 0
    made = repository(call, "labelled")
    for login, permission in (("mia", "push"), ("rita", "pull")):
        assert call("PUT", f"{made}/collaborators/{login}", {"permission": permission}).status == 204
    return made


def pull_request(call: Client, path: str) -> int:
    main = call("GET", f"{path}/git/ref/heads/main").json["object"]["sha"]
    assert call("POST", f"{path}/git/refs", {"ref": "refs/heads/topic", "sha": main}).status == 201
    body = {"message": "Labels", "content": encoded(LABELED), "branch": "topic"}
    assert call("PUT", f"{path}/contents/.github/workflows/labels.yml", body).status == 201
    return call("POST", f"{path}/pulls", {"title": "Topic", "head": "topic", "base": "main"}).json["number"]


def test_an_issue_is_commented_on_and_closed(call: Client, path: str) -> None:
    number = call("POST", f"{path}/issues", {"title": "Red"}).json["number"]
    for text in ("once", "twice"):
        assert call.by(REVIEWER)("POST", f"{path}/issues/{number}/comments", {"body": text}).status == 201
    comments = call("GET", f"{path}/issues/{number}/comments").json
    assert [(each["body"], each["user"]["login"]) for each in comments] == [("once", "rita"), ("twice", "rita")]
    closed = call("PATCH", f"{path}/issues/{number}", {"state": "closed"}).json
    assert (closed["state"], closed["comments"]) == ("closed", 2)
    assert call("POST", f"{path}/issues/{number + 1}/comments", {"body": "no"}).status == 404


def test_a_repository_without_issues_refuses_one(call: Client, path: str) -> None:
    assert call("PATCH", path, {"has_issues": False}).status == 200
    refused = call("POST", f"{path}/issues", {"title": "Red"})
    assert (refused.status, refused.json["message"]) == (410, "Issues are disabled for this repo")


def test_a_repository_has_issues_also_when_its_template_has_none(call: Client) -> None:
    template = repository(call, "template", is_template=True, has_issues=False)
    assert not call("GET", template).json["has_issues"]
    assert call("POST", f"{template}/generate", {"owner": "acme", "name": "made", "private": True}).status == 201
    wait_until(lambda: call("GET", "/repos/acme/made/branches").json)
    assert call("GET", "/repos/acme/made").json["has_issues"]


def test_each_label_that_a_pull_request_gets_starts_a_run_that_knows_it(call: Client, path: str) -> None:
    number, member = pull_request(call, path), call.by(MEMBER)
    assert call.github.store.state.runs == {}
    for labels in (["train"], ["train", "later"]):
        put = member("POST", f"{path}/issues/{number}/labels", {"labels": labels})
        assert put.json == [{"name": name} for name in labels]
    runs = call.github.store.state.runs.values()
    assert [(run.event, run.payload["action"], run.payload["label"]["name"]) for run in runs] == [
        ("pull_request", "labeled", "train"),
        ("pull_request", "labeled", "later"),
    ]
    assert [each["name"] for each in call("GET", f"{path}/pulls/{number}").json["labels"]] == ["train", "later"]
    assert [each["number"] for each in call("GET", f"{path}/issues?labels=train").json] == [number]


def test_who_may_only_read_puts_no_label_on(call: Client, path: str) -> None:
    number = pull_request(call, path)
    assert call.by(REVIEWER)("POST", f"{path}/issues/{number}/labels", {"labels": ["train"]}).status in (403, 404)
    assert call("GET", f"{path}/pulls/{number}").json["labels"] == []
    assert call.github.store.state.runs == {}
