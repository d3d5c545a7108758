"""The issue by which people are told of a run that the platform started and that failed."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mlops_platform.project import issue
from tests.sandbox_github.client import MEMBER, OUTSIDER, Client, repository, seed, start


@dataclass(frozen=True)
class Serving:
    """The local GitHub with a repository of its own, behind HTTP."""

    call: Client
    path: str
    api_url: str

    def open(self, token: str) -> None:
        """Open an issue as a step of a workflow does."""
        variables = {
            "GITHUB_API_URL": self.api_url,
            "GITHUB_REPOSITORY": "acme/training",
            "GITHUB_RUN_ID": "17",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_TOKEN": token,
        }
        issue.main("Training failed (Drift: prod-2026-W48)", "Nothing starts it again.", variables)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    call = start(tmp_path, seed())
    path = repository(call, "training")
    assert call("PUT", f"{path}/collaborators/mia", {"permission": "push"}).status in (201, 204)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            answer = call.raw("POST", self.path, content, authorization=str(self.headers["Authorization"]))
            self.send_response(answer.status)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives it
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Serving(call=call, path=path, api_url=f"http://127.0.0.1:{server.server_port}/api/v3")
        server.shutdown()
        thread.join()
    call.github.close()


def test_an_issue_says_what_failed_and_where_its_log_is(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    serving.open(MEMBER)
    [opened] = serving.call("GET", f"{serving.path}/issues").json
    assert opened["title"] == "Training failed (Drift: prod-2026-W48)"
    assert opened["body"] == (
        "Nothing starts it again.\n\nThe run: https://github.example/acme/training/actions/runs/17\n"
    )
    assert f"opened {opened['html_url']}\n" in capsys.readouterr().out


def test_a_refusal_of_github_fails_with_what_the_job_and_the_repository_need(serving: Serving) -> None:
    with pytest.raises(SystemExit, match=r"^GitHub answered 404: .* issues: write, and the repository its issues"):
        serving.open(OUTSIDER)
