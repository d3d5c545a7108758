"""A proxy between a plugin and the local AWS that can kill a process at an exact moment."""

import http.client
import os
import signal
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class CrashingProxy:
    """Forwards requests; can kill a process after AWS has handled a request and before its client gets the answer."""

    def __init__(self, url: str, trust: str) -> None:
        self._target = urlsplit(url)
        self._trust = ssl.create_default_context(cafile=trust)
        self._word = b""
        self._victim = 0
        self.address = ""

    def kill(self, process_id: int, after: bytes) -> None:
        """Kill a process once AWS has answered a request whose body contains `after`."""
        self._victim, self._word = process_id, after

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        """Forward one request as it is, its signed headers included."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        connection = http.client.HTTPSConnection(
            str(self._target.hostname), self._target.port, context=self._trust, timeout=60
        )
        connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        if self._word and self._word in body:
            self._word = b""
            os.kill(self._victim, signal.SIGKILL)
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)
        connection.close()


@contextmanager
def crashing_proxy(url: str, trust: str) -> Generator[CrashingProxy]:
    """Run a proxy."""
    middle = CrashingProxy(url, trust)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            middle.forward(self)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    middle.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield middle
    finally:
        server.shutdown()
        server.server_close()
