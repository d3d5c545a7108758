"""The issue by which people are told of runs that the platform started and that failed."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Literal

import pytest

from mlops_platform.project import issue
from sandbox.github.state import Approval
from tests.sandbox_github.client import MEMBER, OUTSIDER, Client, encoded, repository, seed, start

TITLE, TEXT = "Deployment failed", "Nothing starts it again."
WORKFLOW = "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: echo}]}}\n"


@dataclass(frozen=True)
class Serving:
    """The local GitHub with a repository and a run of its own, behind HTTP."""

    call: Client
    path: str
    api_url: str
    run: int

    def tell(self, results: str, title: str = TITLE, token: str = MEMBER) -> None:
        """Tell of the run as the last job of a workflow does."""
        variables = {
            "GITHUB_API_URL": self.api_url,
            "GITHUB_REPOSITORY": "acme/training",
            "GITHUB_RUN_ID": str(self.run),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_TOKEN": token,
        }
        issue.main(results, title, TEXT, variables)

    def reviewed(self, state: Literal["approved", "rejected"]) -> None:
        """Let a reviewer decide about the run."""
        approval = Approval(state=state, login="rita", comment="", environments=[])
        self.call.github.store.state.runs[self.run].approvals.append(approval)

    def issues(self) -> list[tuple[str, str, int]]:
        """Return title, state and number of comments of each issue, oldest first."""
        listed = self.call("GET", f"{self.path}/issues?state=all").json
        return [(each["title"], each["state"], each["comments"]) for each in reversed(listed)]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    call = start(tmp_path, seed())
    call.github.store.seed.runners = 0
    path = repository(call, "training")
    assert call("PUT", f"{path}/collaborators/mia", {"permission": "push"}).status in (201, 204)
    body = {"message": "Workflow", "content": encoded(WORKFLOW)}
    assert call("PUT", f"{path}/contents/.github/workflows/run.yml", body).status == 201
    [run] = call.github.store.state.runs

    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = call.raw(self.command, self.path, content, authorization=str(self.headers["Authorization"]))
            self.send_response(answer.status)
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_PATCH = do_POST = forward  # noqa: N815 - the names that the base class looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives it
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Serving(call=call, path=path, api_url=f"http://127.0.0.1:{server.server_port}/api/v3", run=run)
        server.shutdown()
        thread.join()
    call.github.close()


@pytest.mark.parametrize("results", ["success failure skipped", "success cancelled skipped"])
def test_an_issue_says_what_failed_and_where_its_log_is(
    serving: Serving, capsys: pytest.CaptureFixture[str], results: str
) -> None:
    serving.tell(results)
    [opened] = serving.call("GET", f"{serving.path}/issues").json
    assert opened["title"] == TITLE
    assert opened["body"] == f"{TEXT}\n\nThe run: https://github.example/acme/training/actions/runs/{serving.run}\n"
    assert f"\nopened {opened['html_url']}\n" in capsys.readouterr().out


def test_whoever_let_the_run_in_is_named_and_so_told(serving: Serving) -> None:
    serving.reviewed("approved")
    serving.tell("success failure")
    [opened] = serving.call("GET", f"{serving.path}/issues").json
    assert opened["body"].endswith("\n\nReleased by @rita.\n")


def test_nobody_is_told_of_a_run_that_a_reviewer_rejected(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    serving.reviewed("rejected")
    serving.tell("success success failure")
    assert serving.issues() == []
    assert "a reviewer rejected the run: there is nothing to tell\n" in capsys.readouterr().out


def test_another_failure_is_told_in_the_open_issue_and_a_success_closes_it(serving: Serving) -> None:
    serving.tell("success failure")
    serving.tell("failure")
    assert serving.issues() == [(TITLE, "open", 1)]
    serving.tell("success success skipped")
    assert serving.issues() == [(TITLE, "closed", 2)]
    serving.tell("success success")
    assert serving.issues() == [(TITLE, "closed", 2)]
    serving.tell("failure")
    assert serving.issues() == [(TITLE, "closed", 2), (TITLE, "open", 0)]


def test_an_issue_without_the_label_or_of_another_workflow_is_left_alone(serving: Serving) -> None:
    for own in ({"title": TITLE}, {"title": "Training failed", "labels": [issue.LABEL]}):
        assert serving.call.by(MEMBER)("POST", f"{serving.path}/issues", own).status == 201
    before = serving.issues()
    serving.tell("success success")
    assert serving.issues() == before
    serving.tell("success failure")
    assert serving.issues() == [*before, (TITLE, "open", 0)]


def test_a_refusal_of_github_fails_with_what_the_job_and_the_repository_need(serving: Serving) -> None:
    with pytest.raises(
        SystemExit, match=r"^GitHub answered 404 to GET /.* actions: read and issues: write, and the repo"
    ):
        serving.tell("failure", token=OUTSIDER)
    assert serving.call("PATCH", serving.path, {"has_issues": False}).status == 200
    with pytest.raises(SystemExit, match=r"^GitHub answered 410 to POST /issues"):
        serving.tell("failure")


def test_a_run_that_succeeded_stays_green_when_its_issue_cannot_be_closed(
    serving: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    serving.tell("success", token=OUTSIDER)
    assert "\nGitHub answered 404 to GET /issues: the job needs" in capsys.readouterr().out
