"""The server of an image that is not SageMaker's: it adds the numbers of a request, times the model's factor.

It keeps the contract of every container: `/ping` and `/invocations` at SAGEMAKER_BIND_TO_PORT, the model in /opt/ml/model.
Source: SageMaker Developer Guide, "Use your own inference code with hosting services".
"""

import json
import os
import socket
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODEL: dict[str, Any] = json.loads((Path(os.environ["SM_BASE"]) / "model" / "model.json").read_text())


class Handler(BaseHTTPRequestHandler):
    """Answers with what `model.json` says."""

    def do_GET(self) -> None:
        """Answer `/ping`."""
        self._send(HTTPStatus.SERVICE_UNAVAILABLE if MODEL.get("unhealthy") else HTTPStatus.OK, "")

    def do_POST(self) -> None:
        """Answer `/invocations`."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sys.stderr.write(f"answered {'credentials' if 'AWS_SESSION_TOKEN' in os.environ else 'isolated'}\n")
        content_type = self.headers["Content-Type"]
        if content_type != "text/csv":
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, f"content type is {content_type}")
        elif "status" in MODEL:
            self._send(HTTPStatus(MODEL["status"]), "no, thanks")
        else:
            time.sleep(MODEL.get("seconds", 0))
            total = sum(float(value) for value in body.split(",")) * MODEL["factor"]
            self._send(HTTPStatus.OK, f"{total:g}")

    def _send(self, status: HTTPStatus, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", self.headers.get("Accept", "text/plain"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


class Server(ThreadingHTTPServer):
    """A server at a port that a socket holds already."""

    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind beside the socket that holds the port."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


if __name__ == "__main__":
    if MODEL.get("broken"):
        raise ValueError("this model cannot be loaded")
    Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
