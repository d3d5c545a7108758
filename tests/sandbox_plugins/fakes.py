"""Fakes of AWS services, behind the JSON protocol that most of them use."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


class RefusedByFakeError(Exception):
    """A fake refuses a request."""


class Fake:
    """A service in memory, with a method `_X` for each operation X."""

    refusal: ClassVar[str]
    """The code of its errors."""

    def __init__(self) -> None:
        self.address = ""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Handle a request and return the answer."""
        self.requests.append((operation, request))
        return getattr(self, f"_{operation}")(request)


@contextmanager
def run_fake(fake: Fake) -> Generator[None]:
    """Serve a fake at its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, body = 200, fake.answer(self.headers["X-Amz-Target"].split(".")[1], request)
            except RefusedByFakeError as error:
                status, body = 400, {"__type": fake.refusal, "message": str(error)}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
