"""Requests to GitHub, against a small local server."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from bootstrap import github
from bootstrap.errors import BootstrapError

Answers = dict[str, tuple[int, dict[str, str], str]]


class Listener(ThreadingHTTPServer):
    """Answers paths from a table and records the requests."""

    answers: Answers
    authorizations: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Listener  # pyrefly: ignore[bad-override-mutable-attribute]

    def do_GET(self) -> None:
        self.server.authorizations.append(self.headers["Authorization"])
        status, headers, body = self.server.answers.get(self.path, (404, {}, '{"message": "Not Found"}'))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args


@contextmanager
def listening(answers: Answers) -> Generator[tuple[github.Server, Listener]]:
    with Listener(("127.0.0.1", 0), Handler) as listener:
        listener.answers, listener.authorizations = answers, list[str | None]()
        thread = Thread(target=listener.serve_forever, args=[0.01])
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.server_port}"
            yield github.Server.at("https://github.example.com", api_url=url), listener
        finally:
            listener.shutdown()
            thread.join()


REPOSITORY = json.dumps({"id": 2001, "name": "mlops-platform", "owner": {"id": 1001, "login": "Acme"}})


def test_ids_are_looked_up_with_the_token() -> None:
    with listening({"/repos/acme/mlops-platform": (200, {}, REPOSITORY)}) as (server, listener):
        found = github.find_repository(server, "acme", "mlops-platform", "secret-token")
    assert (found.organization_id, found.repository_id) == (1001, 2001)
    assert found.organization == "Acme", "GitHub's own spelling goes into subjects"
    assert listener.authorizations == ["Bearer secret-token"]


def test_without_a_token_none_is_sent() -> None:
    with listening({"/repos/acme/mlops-platform": (200, {}, REPOSITORY)}) as (server, listener):
        github.find_repository(server, "acme", "mlops-platform", None)
    assert listener.authorizations == [None]


@pytest.mark.parametrize(
    ("status", "token", "advice"),
    [
        (404, None, "set GITHUB_TOKEN if it is private"),
        (404, "t", "the token in GITHUB_TOKEN may see it"),
        (401, "t", "GitHub rejects the token"),
        (503, "t", "503 for https://github.example.com/acme/mlops-platform: no reason given"),
    ],
)
def test_the_error_for_a_repository_that_cannot_be_found_has_advice(
    status: int, token: str | None, advice: str
) -> None:
    answers: Answers = {"/repos/acme/mlops-platform": (status, {}, "<html>not json</html>")}
    with listening(answers) as (server, _), pytest.raises(BootstrapError) as problem:
        github.find_repository(server, "acme", "mlops-platform", token)
    assert advice in str(problem.value)
    assert "--github-org-id" in str(problem.value)


def test_the_error_for_an_unreachable_server_names_it() -> None:
    with listening({}) as (server, _):
        gone = server
    with pytest.raises(BootstrapError, match=gone.api_url):
        github.get(gone, "/user", "secret-token")


@pytest.mark.parametrize(
    ("url", "api", "issuer", "subjects"),
    [
        ("https://github.com/", "https://api.github.com", "token.actions.githubusercontent.com", "immutable"),
        (
            "https://octocorp.ghe.com",
            "https://api.octocorp.ghe.com",
            "token.actions.octocorp.ghe.com",
            "immutable",
        ),
        ("https://GitHub.com", "https://api.github.com", "token.actions.githubusercontent.com", "immutable"),
        (
            "https://github.example.com",
            "https://github.example.com/api/v3",
            "github.example.com/_services/token",
            "legacy",
        ),
        (
            "https://localhost:8443",
            "https://localhost:8443/api/v3",
            "localhost:8443/_services/token",
            "legacy",
        ),
    ],
)
def test_addresses_follow_from_the_server(url: str, api: str, issuer: str, subjects: str) -> None:
    server = github.Server.at(url)
    assert (server.api_url, server.issuer, server.default_subjects) == (api, issuer, subjects)


def test_addresses_that_do_not_follow_from_the_server_can_be_given() -> None:
    server = github.Server.at(
        "https://acme.ghe.com", api_url="https://api.acme.ghe.com/", issuer="https://token.actions.acme.ghe.com"
    )
    assert (server.api_url, server.issuer) == ("https://api.acme.ghe.com", "token.actions.acme.ghe.com")


@pytest.mark.parametrize("url", ["http://github.com", "github.com", "https://github.com/acme", "https://", "ftp://x"])
def test_an_invalid_server_address_is_rejected(url: str) -> None:
    with pytest.raises(BootstrapError, match="give its address alone"):
        github.Server.at(url)
