"""HTTP over TLS: requests and responses as plain values, a thread per connection."""

import json
import socket
import ssl
import struct
import sys
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request with its whole body."""

    method: str
    path: str
    """Decoded path without the query."""
    query: Mapping[str, str]
    query_string: str
    headers: Mapping[str, str]
    """Values by name in lower case."""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


class ResetConnectionError(Exception):
    """Close the connection without a response."""


def json_response(status: int, payload: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON document."""
    return Response(
        status=status,
        headers={"content-type": "application/json; charset=utf-8", **(headers or {})},
        body=json.dumps(payload).encode(),
    )


def text_response(
    status: int, text: str, content_type: str = "text/plain", headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with text."""
    return Response(
        status=status,
        headers={"content-type": f"{content_type}; charset=utf-8", **(headers or {})},
        body=text.encode(),
    )


Answer = Callable[[Request], Response]


def serve(port: int, certificate: Path, key: Path, answer: Answer) -> ThreadingHTTPServer:
    """Listen on localhost and return the server, on which the caller runs `serve_forever`."""

    class Handler(_Handler):
        def respond(self, request: Request) -> Response:
            return answer(request)

    server = _Server(("127.0.0.1", port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # The handshake belongs to the connection's thread: a silent client must not block the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, (ConnectionError, ssl.SSLError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "GitHub.com"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 600

    def respond(self, request: Request) -> Response:
        """Overridden by `serve`."""
        raise NotImplementedError

    def answer(self) -> None:
        path, _, query_string = self.path.partition("?")
        request = Request(
            method=self.command,
            path=urllib.parse.unquote(path),
            query=dict(urllib.parse.parse_qsl(query_string, keep_blank_values=True)),
            query_string=query_string,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
        )
        try:
            response = self.respond(request)
        except ResetConnectionError:
            self.close_connection = True
            self._reset()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in (204, 304):
            self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            chunks: list[bytes] = []
            while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _reset(self) -> None:
        # Lingering for zero seconds makes the kernel send RST: the client sees "connection reset by peer".
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Do nothing: the server logs requests with their accounts and without tokens."""
