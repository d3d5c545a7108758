"""A GitHub in the process of the test, and a client for it."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sandbox.github.seed import Limits, Seed, Timing
from sandbox.github.server import Server
from sandbox.github.service import GitHub
from sandbox.github.transport import Request, Response

T = TypeVar("T")

OWNER, MEMBER, OUTSIDER = "token-of-the-owner", "token-of-a-member", "token-of-an-outsider"
REVIEWER = "token-of-a-reviewer"
WITHOUT_SCOPES, FINE_GRAINED = "token-without-scopes", "token-that-has-permissions"
SECONDS = 15
"""Seconds that a test waits for something that happens a moment later."""


def seed(**changes: Any) -> Seed:
    """The organization acme with an owner, two members, and an account that is not a member."""
    values: dict[str, Any] = {
        "organization": {"login": "acme", "id": 1001},
        "users": [
            {"login": "olivia", "id": 11, "admin": True},
            {"login": "mia", "id": 12},
            {"login": "otto", "id": 13, "member": False},
            {"login": "rita", "id": 14},
        ],
        "repositories": [{"name": "platform", "id": 2001}],
        "tokens": [
            {"token": OWNER, "login": "olivia", "scopes": "admin:org,repo,delete_repo,workflow"},
            {"token": MEMBER, "login": "mia", "scopes": "repo, read:org"},
            {"token": OUTSIDER, "login": "otto", "scopes": "repo"},
            {"token": REVIEWER, "login": "rita", "scopes": "repo"},
            {"token": WITHOUT_SCOPES, "login": "olivia", "scopes": ""},
            {"token": FINE_GRAINED, "login": "olivia", "scopes": None},
        ],
        "timing": Timing(
            generation=0.02, workflow_registration=0, cancel_interrupt=0.1, cancel_terminate=10, cancel_force=10
        ),
        "limits": Limits(content_per_minute=500, points_per_minute=100_000),
    }
    return Seed.model_validate(values | changes)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The JSON document."""
        return json.loads(self.content)


@dataclass(frozen=True)
class Client:
    """Calls a GitHub in this process, without a network."""

    server: Server
    github: GitHub
    token: str = OWNER

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Call the REST API."""
        content = b"" if body is None else json.dumps(body).encode()
        return self.raw(method, f"/api/v3{path}", content, **headers)

    def raw(self, method: str, path: str, content: bytes = b"", **headers: str) -> Answer:
        """Send a request to any path."""
        place, _, query = path.partition("?")
        pairs = dict(pair.split("=", 1) for pair in query.split("&") if pair)
        request = Request(
            method=method,
            path=place,
            query=pairs,
            query_string=query,
            headers={"authorization": f"Bearer {self.token}", **headers},
            body=content,
        )
        response: Response = self.server.answer(request)
        return Answer(status=response.status, headers=dict(response.headers), content=response.body)

    def by(self, token: str) -> "Client":
        """Return a client of the same GitHub with another token."""
        return Client(self.server, self.github, token)


@cache
def _issuer_key() -> bytes:
    """Return one signing key for every GitHub in this process: generating one takes longer than most tests."""
    with TemporaryDirectory() as folder:
        GitHub(Path(folder), "https://localhost:1", seed(), aws_url="", authority=Path(folder)).close()
        return (Path(folder) / "issuer.pem").read_bytes()


def start(folder: Path, seeded: Seed, *, makes_key: bool = False) -> Client:
    """Start a GitHub in this process; its jobs have no AWS."""
    key = folder / "issuer.pem"
    if not key.exists() and not makes_key:
        key.write_bytes(_issuer_key())
    github = GitHub(folder, "https://localhost:1", seeded, aws_url="https://localhost:2", authority=folder / "none.pem")
    return Client(Server(github), github)


def repository(call: Client, name: str, **settings: object) -> str:
    """Create a repository with one commit and return its path in the REST API."""
    made = call("POST", "/orgs/acme/repos", {"name": name, "private": True, "auto_init": True, **settings})
    assert made.status == 201, made.content
    return f"/repos/acme/{name}"


def encoded(text: str) -> str:
    """Encode text for the contents API."""
    return base64.b64encode(text.encode()).decode()


def wait_until(find: Callable[[], T | None]) -> T:
    """Wait until a function returns something, and return that."""
    deadline = time.monotonic() + SECONDS
    pause = 0.01
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(pause)
        # Short at first; something slow needs the processor itself.
        pause = min(pause * 1.5, 0.1)
    raise AssertionError(f"nothing within {SECONDS} seconds")
