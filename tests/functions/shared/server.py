"""A real HTTP server on 127.0.0.1 whose next answers a test decides."""

import contextlib
import json
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The server's reply to one request."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    raw: bytes | None = None
    """The body as it is, instead of JSON."""
    delay: float = 0.0
    """Seconds before it answers."""
    hang_up: bool = False
    """Close the connection without an answer."""
    short: bool = False
    """Promise more than it sends."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request that the server received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        """The body."""
        return json.loads(self.body)


class Server:
    """Answers with the replies in their order; the last one repeats."""

    def __init__(self, address: str) -> None:
        self.url = address
        self.replies: list[Reply] = []
        self.requests: list[Request] = []

    def reply(self, *replies: Reply) -> None:
        """Set the replies to the next requests."""
        self.replies = list(replies)

    def next(self) -> Reply:
        """The reply to the request that just came."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def asked(self) -> list[str]:
        """Method and path of every request."""
        return [f"{request.method} {request.path}" for request in self.requests]


@contextlib.contextmanager
def serving() -> Generator[Server]:
    """A server on a free port, for the time of a test."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            server.requests.append(
                Request(
                    method=self.command,
                    path=self.path,
                    headers=dict(self.headers.items()),
                    body=self.rfile.read(length),
                )
            )
            reply = server.next()
            time.sleep(reply.delay)
            if reply.hang_up:
                self.close_connection = True
                return
            content = (
                reply.raw if reply.raw is not None else b"" if reply.body is None else json.dumps(reply.body).encode()
            )
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) + (10 if reply.short else 0)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name too
            """Keep quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
