"""The command that goes back to an earlier version."""

import json
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.release import DeploymentError, project, rollback
from mlops_platform.release.testing.aws import FakeAws
from mlops_platform.release.testing.example import PROJECT
from tests.template_repos.mlops_platform import batch_repository

TOKEN = "secret-token"


@dataclass
class GitHub:
    """A server that has runs of the workflow, and records what is posted to it."""

    status: int = 204
    answer: bytes = b""
    runs: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    requests: list[tuple[str, str | None, Any]] = field(default_factory=list[tuple[str, str | None, Any]])
    url: str = ""


@contextmanager
def serving(github: GitHub) -> Generator[GitHub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/repos/acme/mlops-abalone/actions/workflows/deploy.yml/runs?per_page=30"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"workflow_runs": github.runs}).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            github.requests.append((self.path, self.headers["Authorization"], body))
            self.send_response(github.status)
            self.end_headers()
            self.wfile.write(github.answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives it
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        github.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield github
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "read", lambda: PROJECT)
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)


def go_back(github: GitHub, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Run the command for version 1."""
    for name, value in {
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "acme/mlops-abalone",
        "GITHUB_API_URL": github.url,
        "GITHUB_SERVER_URL": "https://github.example",
    }.items():
        monkeypatch.setenv(name, value)
    batch_repository.main(["rollback", "1"], folder, FakeAws())


def test_runs_that_come_first_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    runs = [
        {"status": status, "html_url": f"https://github.example/runs/{number}"}
        for number, status in enumerate(("pending", "waiting", "completed"))
    ]
    with serving(GitHub(runs=runs)) as github:
        go_back(github, monkeypatch, tmp_path)
    assert len(github.requests) == 1
    waiting, first, second, deploying = capsys.readouterr().out.splitlines()
    assert "reject or cancel them" in waiting
    assert (first, second) == ("  https://github.example/runs/0", "  https://github.example/runs/1")
    assert deploying.startswith("Deploying ")


def test_a_version_is_deployed_again_by_the_same_workflow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ended = {"status": "completed", "html_url": "https://github.example/runs/0"}
    with serving(GitHub(runs=[ended])) as github:
        go_back(github, monkeypatch, tmp_path)
    assert github.requests == [
        (
            "/repos/acme/mlops-abalone/actions/workflows/deploy.yml/dispatches",
            f"Bearer {TOKEN}",
            {"ref": "main", "inputs": {"model_package_arn": PROJECT.package_arn(1)}},
        )
    ]
    printed = capsys.readouterr()
    assert "waits" not in printed.out
    assert "https://github.example/acme/mlops-abalone/actions/workflows/deploy.yml" in printed.out
    assert TOKEN not in printed.out + printed.err


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (404, b'{"message": "Not Found"}', "GitHub answered 404: Not Found"),
        (422, b'{"message": "No ref found for: main"}', "GitHub answered 422: No ref found for: main"),
        (502, b"<html>", "GitHub answered 502: "),
    ],
)
def test_a_refusal_is_reported_with_githubs_message(status: int, answer: bytes, reason: str) -> None:
    with serving(GitHub(status=status, answer=answer)) as github:
        repository = rollback.Repository(name="acme/x", server_url="https://github.com", api_url=github.url)
        with pytest.raises(DeploymentError, match=reason) as caught:
            rollback.dispatch(repository, PROJECT.package_arn(1), {"GITHUB_TOKEN": TOKEN})
    assert TOKEN not in str(caught.value)


def test_a_server_that_is_not_there_is_named() -> None:
    with serving(GitHub()) as github:
        pass
    repository = rollback.Repository(name="acme/x", server_url="", api_url=github.url)
    with pytest.raises(DeploymentError, match=f"GitHub at {github.url} does not answer"):
        rollback.dispatch(repository, PROJECT.package_arn(1), {"GITHUB_TOKEN": TOKEN})


def test_without_a_token_the_message_says_which_one_to_set() -> None:
    repository = rollback.Repository(name="acme/x", server_url="", api_url="")
    with pytest.raises(DeploymentError, match=r"set GITHUB_TOKEN to a token that may start .* \(Actions: write\)"):
        rollback.dispatch(repository, PROJECT.package_arn(1), {})


def test_a_version_is_given_by_its_number_or_its_arn() -> None:
    assert rollback.arn_of(PROJECT, "12") == PROJECT.package_arn(12)
    assert rollback.arn_of(PROJECT, PROJECT.package_arn(12)) == PROJECT.package_arn(12)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("", "say which version to go back to, such as VERSION=1"),
        ("v1", "'v1' is none"),
        ("0", "'0' is none"),
        (PROJECT.package_arn(1).replace("abalone", "churn"), "another project's"),
    ],
)
def test_anything_but_a_version_of_this_project_starts_nothing(wanted: str, reason: str) -> None:
    with pytest.raises(DeploymentError, match=reason):
        rollback.arn_of(PROJECT, wanted)


@pytest.mark.parametrize(
    ("url", "api_url"),
    [
        ("https://github.com/acme/mlops-abalone.git", "https://api.github.com"),
        ("https://github.com/acme/mlops-abalone", "https://api.github.com"),
        ("git@github.com:acme/mlops-abalone.git", "https://api.github.com"),
        ("https://octocorp.ghe.com/acme/mlops-abalone.git", "https://api.octocorp.ghe.com"),
        ("octocorp@octocorp.ghe.com:acme/mlops-abalone.git", "https://api.octocorp.ghe.com"),
        ("ssh://git@github.example/acme/mlops-abalone.git", "https://github.example/api/v3"),
        (
            "https://x-access-token:secret@github.example:8443/acme/mlops-abalone.git",
            "https://github.example:8443/api/v3",
        ),
    ],
)
def test_outside_a_workflow_the_repository_is_that_of_gits_remote(url: str, api_url: str, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "remote", "add", "origin", url], check=True)
    repository = rollback.this_repository(tmp_path, {})
    assert (repository.name, repository.api_url) == ("acme/mlops-abalone", api_url)
    assert "secret" not in repository.server_url


def test_without_a_remote_the_message_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="set GITHUB_REPOSITORY to organization/repository"):
        rollback.this_repository(tmp_path, {})
