"""Links that need no token and are valid for a minute, as GitHub's are."""

import secrets
import threading
import time

from sandbox.github.transport import Response, text_response

VALID_SECONDS = 60
PATH = "/_services/downloads/"


class Downloads:
    """Contents that can be fetched by link."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._offers: dict[str, tuple[float, Response]] = {}

    def offer(self, content: bytes, content_type: str) -> str:
        """Return a link to some content."""
        path = PATH + secrets.token_urlsafe(32)
        moment = time.monotonic()
        with self._lock:
            self._offers = {name: offer for name, offer in self._offers.items() if offer[0] > moment}
            response = Response(headers={"content-type": content_type}, body=content)
            self._offers[path] = (moment + VALID_SECONDS, response)
        return self._url + path

    def fetch(self, path: str) -> Response:
        """Answer a request for a link."""
        with self._lock:
            expires, response = self._offers.get(path, (0.0, text_response(404, "Not Found\n")))
        return response if expires > time.monotonic() else text_response(404, "Not Found\n")
