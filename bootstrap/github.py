"""The few look-ups that the bootstrap needs from GitHub's REST API."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import quote, urlsplit

from bootstrap.problem import ProblemError

TIMEOUT_SECONDS = 20
PUBLIC_SERVER = "https://github.com"

SubjectForm = Literal["immutable", "legacy", "both"]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A GitHub: github.com, or an Enterprise Server."""

    url: str
    api_url: str
    issuer: str
    """Issuer of its Actions' tokens, without the scheme."""
    default_subjects: SubjectForm
    """github.com puts numeric ids into subjects since July 2026; Enterprise Server does not."""

    @staticmethod
    def at(url: str, *, api_url: str | None = None, issuer: str | None = None) -> "Server":
        """The server at `url`.

        Raises:
            ProblemError: `url` is not the https address of a server.
        """
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme != "https" or not parts.hostname or parts.path or parts.query:
            raise ProblemError(f"GitHub server {url!r}: give its address alone, https://github.example.com for one.")
        server = f"https://{parts.netloc}"
        public = server == PUBLIC_SERVER
        return Server(
            url=server,
            api_url=(api_url or ("https://api.github.com" if public else f"{server}/api/v3")).rstrip("/"),
            issuer=(issuer or ("token.actions.githubusercontent.com" if public else f"{parts.netloc}/_services/token"))
            .removeprefix("https://")
            .rstrip("/"),
            default_subjects="immutable" if public else "legacy",
        )

    @property
    def options(self) -> Sequence[str]:
        """What `python -m bootstrap up` must be given to mean this server."""
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
    """What the REST API answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]] = ()
    """Where the answer is a list."""


def get(server: Server, path: str, token: str | None) -> Answer:
    """GET `path` of the REST API.

    Raises:
        ProblemError: the server cannot be reached.
    """
    headers = {"Accept": "application/vnd.github+json", "User-Agent": "mlops-platform-bootstrap"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    # A server's address is https, or it is refused before.
    request = urllib.request.Request(f"{server.api_url}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return _answer(response.status, response.headers.items(), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers.items(), error.read())
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ProblemError(f"{server.api_url} cannot be reached: {reason}") from error


def find_repository(server: Server, organization: str, name: str, token: str | None) -> Repository:
    """Resolve the numeric ids that tokens carry.

    Raises:
        ProblemError: there is no such repository, or the token may not see it.
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
        raise ProblemError(f"GitHub knows no repository {where}: check its name and that {seen}, {by_hand}.")
    if answer.status == http.client.UNAUTHORIZED:
        raise ProblemError(f"GitHub refuses the token in GITHUB_TOKEN: set one that may read {where}, {by_hand}.")
    raise ProblemError(f"GitHub answered {answer.status} for {where}: {explain(answer)}. Try again later, {by_hand}.")


def subjects(organization: str, name: str, ids: Repository | None, form: SubjectForm, context: str) -> Sequence[str]:
    """Exact subjects of the tokens of a job: `context` is `environment:dev` or `pull_request`."""
    found: list[str] = []
    if form in ("immutable", "both"):
        if ids is None:
            raise ValueError("immutable subjects carry the numeric ids")
        found.append(f"repo:{ids.organization}@{ids.organization_id}/{ids.name}@{ids.repository_id}:{context}")
    if form in ("legacy", "both"):
        found.append(f"repo:{organization}/{name}:{context}")
    return found


def explain(answer: Answer) -> str:
    """GitHub's own words of a refusal."""
    return str(answer.body.get("message", "no reason given"))


def _answer(status: int, headers: Sequence[tuple[str, str]], raw: bytes) -> Answer:
    try:
        body: object = json.loads(raw or b"{}")
    except ValueError:
        body = {}
    return Answer(
        status=status,
        headers={key.lower(): value for key, value in headers},
        body=cast("Mapping[str, Any]", body) if isinstance(body, dict) else {},
        items=cast("Sequence[Mapping[str, Any]]", body) if isinstance(body, list) else (),
    )
