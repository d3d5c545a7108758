"""GitHub's REST API: timeouts, retries, limits, and errors that say what to do.

A request that can be repeated (everything but POST) is repeated when GitHub or the network fails. A POST may have done
its work although no answer came: it raises `OutcomeUnknownError`, and its sender checks before trying again.
"""

import http.client
import json
import logging
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import Message
from typing import IO

from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import DeadlinePassedError, GitHubError, OutcomeUnknownError, RateLimitError
from functions.shared.github_api.values import Json, parsed, reason, text

logger = logging.getLogger(__name__)

_ATTEMPTS = 5
_TIMEOUT_SECONDS = 10.0
_RUN_DETAILS = "return_run_details"
_SECONDARY_LIMIT_SECONDS = 60.0
"""GitHub requires at least a minute when it names no time. Source: GitHub Docs, "Rate limits for the REST API"."""
_LONGEST_SPREAD_SECONDS = 30.0
"""GitHub names everybody who waits the same moment, and lets few of them go on then: the others would be refused second by second,
and it may ban those who keep asking. So each waits longer at random, the longer the more often it was refused."""


_ENDS = "GitHub-Authentication-Token-Expiration"
"""Header with the time at which the token ends, in every answer to one that does, as `2027-03-31 09:30:00 UTC` or `… +0900`.

Sources: GitHub Changelog of 2021-07-26, "Expiration options for personal access tokens"; google/go-github, `parseTokenExpiration`.
"""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refusal of redirects: a renamed repository is not the requested one, and the token goes to no other host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Follow nothing."""


class Client:
    """Requests to GitHub with one credential, until a deadline; subclasses add operations."""

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
        self.token_ends: datetime | None = None
        """The time at which GitHub ends the credential, as its latest answer told; None: it told none."""

    def dispatch(
        self, full_name: str, workflow: str, branch: str, inputs: Mapping[str, str] | None = None
    ) -> str | None:
        """Start the workflow and return the address of its run, empty if GitHub does not tell; None while GitHub does not know it.

        Source: GitHub Docs, REST API, "Create a workflow dispatch event"; in the API since February 2026.
        """
        path = f"/repos/{full_name}/actions/workflows/{workflow}/dispatches"
        body: Json = {"ref": branch} if inputs is None else {"ref": branch, "inputs": dict(inputs)}
        accept = (200, 204, 404, 422)
        status, answer = self.send("POST", path, {**body, _RUN_DETAILS: True}, accept=accept)
        # An Enterprise Server may be older; a refused request has started nothing.
        if status == 422 and _RUN_DETAILS in json.dumps(answer):
            status, answer = self.send("POST", path, body, accept=accept)
        return text(answer, "html_url") if status in (200, 204) else None

    def get(self, path: str) -> Json | None:
        """Return the object at the path; None when there is none."""
        status, found = self.send("GET", path, accept=(200, 404))
        return found if status == 200 else None

    def send(self, method: str, path: str, body: Json | None = None, *, accept: tuple[int, ...]) -> tuple[int, Json]:
        """Send a request until GitHub answers with a status in `accept`; return the status and the answer.

        Raises:
            GitHubError: GitHub answered with another status, or failed too often.
            OutcomeUnknownError: a POST may have done its work or not.
            RateLimitError: a limit ends after the deadline.
            DeadlinePassedError: there is no time left for the next attempt.
        """
        failures = 0
        limited = 0
        while True:
            try:
                status, headers, answer = self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                status, headers, answer = 0, Message(), {"message": f"{type(error).__name__}: {error}"}
            logger.info("%s %s: %s", method, path.partition("?")[0], status or "no answer")
            self.token_ends = _time(headers.get(_ENDS))
            if status in accept:
                return status, answer
            if (wait := self._limit(status, headers, answer, limited)) is not None:
                self._wait_for_limit(wait, min(2.0**limited, _LONGEST_SPREAD_SECONDS) * self._jitter())
                limited += 1
            elif status == 0 or status >= 500:
                failures += 1
                if method == "POST":
                    raise OutcomeUnknownError(f"GitHub did not answer POST {path}: {reason(answer)}")
                if failures == _ATTEMPTS:
                    raise GitHubError(
                        f"GitHub failed {failures} times at {method} {path} (last: {status or reason(answer)}); {self._deadline.advice}",
                        status,
                    )
                self._deadline.pause(2 ** (failures - 1) * (0.5 + self._jitter() / 2), waiting_for="GitHub")
            else:
                raise GitHubError(_refusal(method, path, status, headers, answer), status)

    def _once(self, method: str, path: str, body: Json | None) -> tuple[int, Message, Json]:
        timeout = min(_TIMEOUT_SECONDS, self._deadline.remaining())
        if timeout <= 0:
            raise DeadlinePassedError(f"no time is left for {method} {path}; {self._deadline.advice}")
        request = urllib.request.Request(
            f"{self._api_url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "User-Agent": "mlops-platform",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with self._opener.open(request, timeout=timeout) as response:
                return response.status, response.headers, parsed(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, parsed(error.read())

    def _limit(self, status: int, headers: Message, answer: Json, limited: int) -> float | None:
        """Return the seconds to wait when a rate limit refused the request; None when it was refused otherwise."""
        if status not in (403, 429):
            return None
        if after := _seconds(headers.get("Retry-After")):
            return after
        if headers.get("X-RateLimit-Remaining") == "0" and (reset := _seconds(headers.get("X-RateLimit-Reset"))):
            return max(1.0, reset - self._wall_clock())
        if status == 429 or "secondary rate limit" in text(answer, "message").lower():
            return _SECONDARY_LIMIT_SECONDS * 2**limited
        return None

    def _wait_for_limit(self, seconds: float, longer: float) -> None:
        until = time.strftime("%H:%M:%S UTC", time.gmtime(self._wall_clock() + seconds))
        if seconds >= self._deadline.remaining():
            raise RateLimitError(f"GitHub's rate limit is used up until {until}; after that, {self._deadline.advice}")
        logger.info("waiting for GitHub's rate limit, which is used up until %s", until)
        if seconds + longer < self._deadline.remaining():
            seconds += longer
        self._deadline.pause(seconds, waiting_for="GitHub's rate limit")


def _refusal(method: str, path: str, status: int, headers: Message, answer: Json) -> str:
    said = f"GitHub refused {method} {path} ({status}: {reason(answer)})"
    if status == 401:
        return f"{said}; the platform's GitHub credential is wrong or expired: set it again with python -m bootstrap"
    if "upgrade to" in said.lower():
        return f"{said}; the organization's GitHub plan does not include this, see the platform's requirements"
    if status in (403, 404):
        needed = headers.get("X-Accepted-GitHub-Permissions") or headers.get("X-Accepted-OAuth-Scopes")
        return f"{said}; the platform's GitHub credential lacks a permission{f': {needed}' if needed else ''}"
    return said


def _seconds(header: str | None) -> float | None:
    try:
        return float(header) if header else None
    except ValueError:
        return None


def _time(header: str | None) -> datetime | None:
    try:
        return datetime.strptime((header or "").replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None
