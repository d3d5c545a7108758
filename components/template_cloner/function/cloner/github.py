"""GitHub's REST API: timeouts, retries, limits, and errors that say what to do.

A request that can be repeated (everything but POST) is repeated when GitHub or the network fails. A POST may have done
its work although no answer came: it raises `OutcomeUnknownError`, and whoever sent it looks before trying again.
"""

import base64
import http.client
import json
import logging
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, cast

from cloner.deadline import Deadline, DeadlinePassedError
from cloner.errors import LaunchError

logger = logging.getLogger(__name__)

Json = Mapping[str, object]

_ATTEMPTS = 5
_TIMEOUT_SECONDS = 10.0
_SECONDARY_LIMIT_SECONDS = 60.0
"""GitHub asks for at least a minute when it names no time. Source: GitHub Docs, "Rate limits for the REST API"."""
_MORE_THAN_READING = ("write", "maintain", "admin")


class GitHubError(LaunchError):
    """GitHub refused a request."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class OutcomeUnknownError(LaunchError):
    """A POST got no answer, or a server's error: what it asked for may exist."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository as far as a launch needs to know it."""

    full_name: str
    repository_id: int
    owner_id: int
    description: str
    default_branch: str
    is_template: bool
    archived: bool
    template: str | None
    """Full name of the repository that it was made from."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file on a branch."""

    text: str
    sha: str


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A renamed repository is not the one that was asked for, and the token goes nowhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Follow nothing."""


class GitHub:
    """One organization's GitHub, with one credential, until a deadline."""

    def __init__(
        self,
        api_url: str,
        token: str,
        deadline: Deadline,
        *,
        wall_clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._api_url = api_url
        self._token = token
        self._deadline = deadline
        self._wall_clock = wall_clock
        self._jitter = jitter
        self._opener = urllib.request.build_opener(_NoRedirects)

    def user_type(self, login: str) -> str | None:
        """`User` or `Organization`; None when nobody has exactly this login."""
        found = self._get(f"/users/{_quoted(login)}")
        if found is None or _text(found, "login").lower() != login.lower():
            return None
        return _text(found, "type")

    def is_member(self, organization: str, login: str) -> bool:
        """Whether the user belongs to the organization."""
        status, _ = self._send("GET", f"/orgs/{_quoted(organization)}/members/{_quoted(login)}", accept=(204, 404))
        return status == 204

    def repository(self, full_name: str) -> Repository | None:
        """The repository that has this name now; None when there is none."""
        status, found = self._send("GET", f"/repos/{full_name}", accept=(200, 301, 404))
        if status != 200:
            return None
        template = found.get("template_repository")
        return Repository(
            full_name=_text(found, "full_name"),
            repository_id=_number(found, "id"),
            owner_id=_number(_object(found.get("owner")), "id"),
            description=_text(found, "description"),
            default_branch=_text(found, "default_branch"),
            is_template=found.get("is_template") is True,
            archived=found.get("archived") is True,
            template=_text(_object(template), "full_name") if template else None,
        )

    def generate(self, template: str, organization: str, name: str, description: str) -> bool:
        """Make a private repository from a template; False when the name is taken."""
        status, answer = self._send(
            "POST",
            f"/repos/{template}/generate",
            {"owner": organization, "name": name, "description": description, "private": True},
            accept=(201, 422),
        )
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not make {organization}/{name} from {template}: {_reason(answer)}", status)
        return status == 201

    def branch_commit(self, full_name: str, branch: str) -> str | None:
        """SHA of the branch's last commit; None while there is no such branch."""
        status, found = self._send("GET", f"/repos/{full_name}/branches/{_quoted(branch)}", accept=(200, 404, 409))
        return _text(_object(found.get("commit")), "sha") if status == 200 else None

    def file(self, full_name: str, path: str, branch: str) -> File | None:
        """The file on the branch; None when it has no such file."""
        found = self._get(f"/repos/{full_name}/contents/{path}?ref={_quoted(branch)}")
        if found is None:
            return None
        return File(text=base64.b64decode(_text(found, "content")).decode(), sha=_text(found, "sha"))

    def write_file(self, full_name: str, path: str, branch: str, text: str, message: str, sha: str | None) -> bool:
        """Commit the file; `sha` names the version that it replaces. False when somebody else was faster."""
        body: dict[str, object] = {
            "message": message,
            "content": base64.b64encode(text.encode()).decode(),
            "branch": branch,
        }
        if sha is not None:
            body["sha"] = sha
        status, answer = self._send("PUT", f"/repos/{full_name}/contents/{path}", body, accept=(200, 201, 409, 422))
        if status in (409, 422) and "rule violations" in json.dumps(answer).lower():
            raise GitHubError(
                f"a ruleset does not let the platform's credential commit to {branch} of {full_name}: "
                f"{_reason(answer)}; add the credential's owner to the ruleset's bypass list",
                status,
            )
        if status == 422 and "sha" not in json.dumps(answer).lower():
            raise GitHubError(f"GitHub does not accept {path} in {full_name}: {_reason(answer)}", status)
        return status in (200, 201)

    def has_environment(self, full_name: str, environment: str) -> bool:
        """Whether the repository has the deployment environment."""
        return self._get(f"/repos/{full_name}/environments/{_quoted(environment)}") is not None

    def create_environment(self, full_name: str, environment: str) -> None:
        """Make the deployment environment; only jobs on protected branches enter it.

        AWS trusts every job in the environment: without this, a workflow on any branch could be one.

        Raises:
            GitHubError: also when the organization's plan has no environments for private repositories.
        """
        status, answer = self._send(
            "PUT",
            f"/repos/{full_name}/environments/{_quoted(environment)}",
            {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}},
            accept=(200, 404, 422),
        )
        if status != 200:
            raise GitHubError(
                f"GitHub refuses the environment {environment} of {full_name} ({status}: {_reason(answer)}); environments "
                "of private repositories need the plan GitHub Team or Enterprise, and the credential must administer "
                "the repository",
                status,
            )

    def may_push(self, full_name: str, login: str) -> bool:
        """Whether the user may push to the repository."""
        found = self._get(f"/repos/{full_name}/collaborators/{_quoted(login)}/permission")
        return found is not None and _text(found, "permission") in _MORE_THAN_READING

    def add_collaborator(self, full_name: str, login: str) -> None:
        """Let the user push to the repository."""
        path = f"/repos/{full_name}/collaborators/{_quoted(login)}"
        self._send("PUT", path, {"permission": "push"}, accept=(201, 204))

    def requires_pull_request(self, full_name: str, branch: str) -> bool:
        """Whether changes reach the branch through pull requests only."""
        _, rules = self._send("GET", f"/repos/{full_name}/rules/branches/{_quoted(branch)}", accept=(200,))
        found = rules.get("")
        return isinstance(found, list) and any(
            _text(_object(rule), "type") == "pull_request" for rule in cast("list[object]", found)
        )

    def delete_repository(self, full_name: str) -> None:
        """Delete the repository; nothing happens when it is gone."""
        self._send("DELETE", f"/repos/{full_name}", accept=(204, 404))

    def archive_repository(self, full_name: str) -> None:
        """Make the repository read-only."""
        self._send("PATCH", f"/repos/{full_name}", {"archived": True}, accept=(200,))

    def create_branch(self, full_name: str, branch: str, commit: str) -> None:
        """Make a branch at the commit; nothing happens when it is there."""
        body = {"ref": f"refs/heads/{branch}", "sha": commit}
        status, answer = self._send("POST", f"/repos/{full_name}/git/refs", body, accept=(201, 422))
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not make branch {branch} of {full_name}: {_reason(answer)}", status)

    def open_pull_request(self, full_name: str, branch: str, base: str, title: str, body: str) -> None:
        """Propose the branch; nothing happens when it is proposed already."""
        status, answer = self._send(
            "POST",
            f"/repos/{full_name}/pulls",
            {"head": branch, "base": base, "title": title, "body": body},
            accept=(201, 422),
        )
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not open the pull request in {full_name}: {_reason(answer)}", status)

    def was_dispatched(self, full_name: str, workflow: str) -> bool:
        """Whether the workflow was started by a dispatch before."""
        found = self._get(f"/repos/{full_name}/actions/workflows/{workflow}/runs?event=workflow_dispatch&per_page=1")
        return found is not None and _number(found, "total_count") > 0

    def dispatch(self, full_name: str, workflow: str, branch: str) -> bool:
        """Start the workflow; False while GitHub does not know it yet."""
        path = f"/repos/{full_name}/actions/workflows/{workflow}/dispatches"
        status, _ = self._send("POST", path, {"ref": branch}, accept=(200, 204, 404, 422))
        return status in (200, 204)

    def _get(self, path: str) -> Json | None:
        status, found = self._send("GET", path, accept=(200, 404))
        return found if status == 200 else None

    def _send(self, method: str, path: str, body: Json | None = None, *, accept: tuple[int, ...]) -> tuple[int, Json]:
        failures = 0
        limited = 0
        while True:
            try:
                status, headers, answer = self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                status, headers, answer = 0, Message(), {"message": f"{type(error).__name__}: {error}"}
            logger.info("%s %s: %s", method, path.partition("?")[0], status or "no answer")
            if status in accept:
                return status, answer
            if (wait := self._limit(status, headers, answer, limited)) is not None:
                limited += 1
                self._wait_for_limit(wait)
            elif status == 0 or status >= 500:
                failures += 1
                if method == "POST":
                    raise OutcomeUnknownError(f"GitHub did not answer POST {path}: {_reason(answer)}")
                if failures == _ATTEMPTS:
                    raise GitHubError(
                        f"GitHub failed {failures} times at {method} {path} (last: {status or _reason(answer)}); launch again later",
                        status,
                    )
                self._deadline.pause(2 ** (failures - 1) * (0.5 + self._jitter() / 2), waiting_for="GitHub")
            else:
                raise GitHubError(_refusal(method, path, status, headers, answer), status)

    def _once(self, method: str, path: str, body: Json | None) -> tuple[int, Message, Json]:
        timeout = min(_TIMEOUT_SECONDS, self._deadline.remaining())
        if timeout <= 0:
            raise DeadlinePassedError(f"no time is left for {method} {path}; launch again")
        request = urllib.request.Request(
            f"{self._api_url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "User-Agent": "mlops-platform-template-cloner",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with self._opener.open(request, timeout=timeout) as response:
                return response.status, response.headers, _parsed(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, _parsed(error.read())

    def _limit(self, status: int, headers: Message, answer: Json, limited: int) -> float | None:
        """Seconds to wait when a limit refused the request; None when something else did."""
        if status not in (403, 429):
            return None
        if after := _seconds(headers.get("Retry-After")):
            return after
        if headers.get("X-RateLimit-Remaining") == "0" and (reset := _seconds(headers.get("X-RateLimit-Reset"))):
            return max(1.0, reset - self._wall_clock())
        if status == 429 or "secondary rate limit" in _text(answer, "message").lower():
            return _SECONDARY_LIMIT_SECONDS * 2**limited
        return None

    def _wait_for_limit(self, seconds: float) -> None:
        if seconds >= self._deadline.remaining():
            until = time.strftime("%H:%M:%S UTC", time.gmtime(self._wall_clock() + seconds))
            raise LaunchError(
                f"GitHub's rate limit is used up until {until}; launch again after that, "
                "and what exists already is finished or removed"
            )
        self._deadline.pause(seconds, waiting_for="GitHub's rate limit")


def _refusal(method: str, path: str, status: int, headers: Message, answer: Json) -> str:
    said = f"GitHub refused {method} {path} ({status}: {_reason(answer)})"
    if status == 401:
        return f"{said}; the platform's GitHub credential is wrong or expired: set it again with python -m bootstrap"
    if "upgrade to" in said.lower():
        return f"{said}; the organization's GitHub plan does not include this, see the platform's requirements"
    if status in (403, 404):
        needed = headers.get("X-Accepted-GitHub-Permissions") or headers.get("X-Accepted-OAuth-Scopes")
        return f"{said}; the platform's GitHub credential lacks a permission{f': {needed}' if needed else ''}"
    return said


def _parsed(content: bytes) -> Json:
    try:
        parsed: object = json.loads(content)
    except ValueError:
        return {"message": "the answer is not JSON"} if content else {}
    # A list has no keys; it is kept under the empty one.
    return _object(parsed) or {"": parsed}


def _reason(answer: Json) -> str:
    details = answer.get("errors")
    message = _text(answer, "message") or "no reason given"
    return f"{message} {json.dumps(details)}" if details else message


def _seconds(header: str | None) -> float | None:
    try:
        return float(header) if header else None
    except ValueError:
        return None


def _object(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _text(values: Json, key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _number(values: Json, key: str) -> int:
    value = values.get(key)
    return value if isinstance(value, int) else 0


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")
