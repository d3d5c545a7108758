"""A client of GitHub's REST API."""

import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from sandbox.plugins.values import is_mapping, list_of

TRIES = 4
SECONDS_BETWEEN_TRIES = 1.0
TIMEOUT_SECONDS = 60
NOT_FOUND = 404
GITHUBS_OWN_API = re.compile(r"api\.(github|[a-zA-Z0-9-]+\.ghe)\.com")
"""The host of the API of github.com, or of an enterprise on GHE.com; elsewhere the API is below `/api/v3`."""


class GitHubError(Exception):
    """GitHub refused a request or could not be reached."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class GitHub:
    """One organization, accessed with one token; SSL_CERT_FILE sets the trusted certificates."""

    def __init__(self, base_url: str, owner: str, token: str) -> None:
        self.base_url = rest_url(base_url)
        self.owner = owner
        self._token = token
        self._trust = ssl.create_default_context()

    def get(self, path: str) -> Any:
        """Send a GET request and return the answer."""
        return self._request("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send a POST request and return the answer."""
        return self._request("POST", path, body)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Send a PUT request and return the answer."""
        return self._request("PUT", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """Send a PATCH request and return the answer."""
        return self._request("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """Send a DELETE request and return the answer."""
        return self._request("DELETE", path, None)

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """Send a request; a GET request is retried when GitHub does not respond.

        Raises:
            GitHubError: GitHub refused it; the message contains GitHub's own, never the token.
        """
        request = urllib.request.Request(
            f"{self.base_url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "User-Agent": "mlops-platform-sandbox",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        for attempt in range(TRIES):
            last = attempt == TRIES - 1 or method != "GET"
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=self._trust) as answer:
                    content = answer.read()
                return json.loads(content) if content else None
            except urllib.error.HTTPError as error:
                with error:
                    if last or error.code < http.client.INTERNAL_SERVER_ERROR:
                        message = f"{method} {request.full_url}: {error.code} {_words(error.read())}"
                        raise GitHubError(error.code, message) from error
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                if last:
                    raise GitHubError(0, f"{method} {request.full_url}: {error}") from error
            time.sleep(SECONDS_BETWEEN_TRIES)
        raise AssertionError("the last try returns or raises")


def rest_url(base_url: str) -> str:
    """Return the base URL of the REST API without a trailing slash.

    As in the official provider, the URL of an Enterprise Server may include `/api/v3` or not.
    Source: `GHECAPIHostMatch` and `getBaseURL` in github/config.go of integrations/terraform-provider-github.
    """
    address = base_url.rstrip("/")
    if GITHUBS_OWN_API.fullmatch(urlsplit(address).hostname or "") or address.endswith("/api/v3"):
        return address
    return f"{address}/api/v3"


def _words(content: bytes) -> str:
    """Return GitHub's message and its details."""
    try:
        answer: Any = json.loads(content)
    except ValueError:
        return content.decode(errors="replace")[:200]
    details = [
        detail.get("message") or detail if is_mapping(detail) else detail for detail in list_of(answer.get("errors"))
    ]
    return " ".join(str(word) for word in (answer.get("message", ""), *details))
