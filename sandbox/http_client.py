"""Calls to the sandbox's two servers that no SDK makes: JSON over TLS, with the sandbox's certificate authority."""

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from sandbox.servers import Servers


class RefusedError(Exception):
    """A server refuses a request; the message says which, and how it was answered."""


def call(
    servers: Servers, method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None = None
) -> dict[str, Any] | list[Any]:
    """Send a request and return the JSON document that answers it; an empty one when the answer is empty.

    Raises:
        RefusedError: the server refuses it.
    """
    return json.loads(text(servers, method, url, headers, body) or "{}")


def text(servers: Servers, method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> str:
    """Send a request and return the text that answers it.

    Raises:
        RefusedError: the server refuses it.
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
