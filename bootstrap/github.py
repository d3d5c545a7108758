"""Requests to GitHub's REST API, and the subjects of the tokens of GitHub Actions."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import quote, urlsplit

from bootstrap.errors import BootstrapError
from components.github.server import PUBLIC_SERVER, server_at

TIMEOUT_SECONDS = 20

SubjectForm = Literal["immutable", "legacy", "both"]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A GitHub server: github.com, an enterprise on GHE.com, or an Enterprise Server."""

    url: str
    api_url: str
    issuer: str
    """Issuer of the tokens of its Actions, without the scheme."""
    default_subjects: SubjectForm
    """GitHub has put numeric ids into subjects since July 2026; Enterprise Server does not."""

    @staticmethod
    def at(url: str, *, api_url: str | None = None, issuer: str | None = None) -> "Server":
        """Return the server at `url`.

        Raises:
            BootstrapError: `url` is not the https address of a server.
        """
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme != "https" or not parts.hostname or parts.path or parts.query:
            raise BootstrapError(f"GitHub server {url!r}: give its address alone, such as https://github.example.com.")
        known = server_at(url)
        return Server(
            url=known.url,
            api_url=(api_url or known.api_url).rstrip("/"),
            issuer=(issuer or known.issuer).removeprefix("https://").rstrip("/"),
            default_subjects=known.subject_form,
        )

    @property
    def options(self) -> Sequence[str]:
        """Options with which `python -m bootstrap up` uses this server."""
        derived = Server.at(self.url)
        return [
            *(["--github-url", self.url] if self.url != PUBLIC_SERVER else []),
            *(["--github-api-url", self.api_url] if self.api_url != derived.api_url else []),
            *(["--oidc-issuer", self.issuer] if self.issuer != derived.issuer else []),
        ]


@dataclass(frozen=True, kw_only=True)
class Repository:
    """The platform's repository."""

    organization: str
    name: str
    organization_id: int
    repository_id: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of the REST API."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]] = ()
    """The entries of an answer that is a list."""


Get = Callable[[Server, str, str | None], Answer]
"""Sends GET for a path of a server's API, with a token if there is one."""


def get(server: Server, path: str, token: str | None) -> Answer:
    """Send GET for `path` of the REST API.

    Raises:
        BootstrapError: the server cannot be reached.
    """
    return _request(server, "GET", path, token, None)


def send(server: Server, method: str, path: str, token: str, body: Mapping[str, object]) -> Answer:
    """Send a request with a JSON document for `path` of the REST API.

    Raises:
        BootstrapError: the server cannot be reached.
    """
    return _request(server, method, path, token, json.dumps(body).encode())


def _request(server: Server, method: str, path: str, token: str | None, body: bytes | None) -> Answer:
    headers = {"Accept": "application/vnd.github+json", "User-Agent": "mlops-platform-bootstrap"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    # `Server.at` accepts https only.
    request = urllib.request.Request(f"{server.api_url}{path}", headers=headers, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return _answer(response.status, response.headers.items(), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers.items(), error.read())
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise BootstrapError(f"{server.api_url} cannot be reached: {reason}") from error


def find_repository(server: Server, organization: str, name: str, token: str | None) -> Repository:
    """Look up the numeric ids that tokens contain.

    Raises:
        BootstrapError: there is no such repository, or the token cannot see it.
    """
    answer = get(server, f"/repos/{quote(organization)}/{quote(name)}", token)
    if answer.status == http.client.OK:
        body = answer.body
        return Repository(
            organization=body["owner"]["login"],
            name=body["name"],
            organization_id=body["owner"]["id"],
            repository_id=body["id"],
        )
    where = f"{server.url}/{organization}/{name}"
    by_hand = "or give its ids with --github-org-id and --github-repository-id"
    if answer.status == http.client.NOT_FOUND:
        seen = "the token in GITHUB_TOKEN may see it" if token else "set GITHUB_TOKEN if it is private"
        raise BootstrapError(f"GitHub shows no repository {where}: check its name and that {seen}, {by_hand}.")
    if answer.status == http.client.UNAUTHORIZED:
        raise BootstrapError(f"GitHub rejects the token in GITHUB_TOKEN: set one that may read {where}, {by_hand}.")
    raise BootstrapError(f"GitHub answered {answer.status} for {where}: {explain(answer)}. Try again later, {by_hand}.")


def subjects(organization: str, name: str, ids: Repository | None, form: SubjectForm, context: str) -> Sequence[str]:
    """Return the exact subjects of a job's tokens; `context` is `environment:dev` or `pull_request`.

    GitHub ignores the case of names when it looks them up, and IAM does not: a repository that was looked up has its own
    spelling, which wins over the given one.
    """
    found: list[str] = []
    if ids is not None:
        organization, name = ids.organization, ids.name
    if form in ("immutable", "both"):
        if ids is None:
            raise ValueError("immutable subjects contain the numeric ids")
        found.append(f"repo:{organization}@{ids.organization_id}/{name}@{ids.repository_id}:{context}")
    if form in ("legacy", "both"):
        found.append(f"repo:{organization}/{name}:{context}")
    return found


def explain(answer: Answer) -> str:
    """Return GitHub's own message about an error."""
    return str(answer.body.get("message", "no reason given"))


def _answer(status: int, headers: Sequence[tuple[str, str]], raw: bytes) -> Answer:
    try:
        body: object = json.loads(raw or b"{}")
    except ValueError:
        body = dict[str, object]()
    return Answer(
        status=status,
        headers={key.lower(): value for key, value in headers},
        body=cast("Mapping[str, Any]", body) if isinstance(body, dict) else {},
        items=cast("Sequence[Mapping[str, Any]]", body) if isinstance(body, list) else (),
    )
