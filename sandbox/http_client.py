"""HTTPS client for requests to the sandbox's two servers that no SDK makes; trusts the sandbox's authority."""

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from sandbox.servers import Servers


class RefusedError(Exception):
    """A server refused a request; the message contains the request and the response."""


def call(
    servers: Servers, method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None = None
) -> dict[str, Any] | list[Any]:
    """Send a request and return the response's JSON document; an empty one for an empty response.

    Raises:
        RefusedError: the response is an HTTP error.
    """
    return json.loads(text(servers, method, url, headers, body) or "{}")


def text(servers: Servers, method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> str:
    """Send a request and return the response's text.

    Raises:
        RefusedError: the response is an HTTP error, or there is none.
    """
    request = urllib.request.Request(
        url, method=method, headers=headers, data=None if body is None else json.dumps(body).encode()
    )
    context = ssl.create_default_context(cafile=servers.trust)
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise RefusedError(f"{method} {url}: {refusal.code} {refusal.read().decode()}") from None
    except urllib.error.URLError as failure:
        raise RefusedError(f"{method} {url}: {failure.reason}") from failure
