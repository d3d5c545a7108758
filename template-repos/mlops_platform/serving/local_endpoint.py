"""Serve a model on this machine as its image does on SageMaker, with AWS's own model server, and send it requests."""

import contextlib
import http.client
import os
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from mlops_platform.serving import container

STARTS_WITHIN_SECONDS = 120.0
"""SageMaker gives a container 8 minutes to answer its health check, unless the endpoint's configuration says otherwise."""
ANSWERS_WITHIN_SECONDS = 60.0
"""Source: API reference, "InvokeEndpoint"."""


class ServingError(Exception):
    """A model could not be served, or answered wrongly; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of the container."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class LocalEndpoint:
    """A model that is being served."""

    port: int

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a request with just these headers, as they are, and return the answer."""
        return self._ask("POST", "/invocations", body, headers)

    def is_healthy(self) -> bool:
        """Return True if the health check succeeds, which loads the model the first time."""
        try:
            return self._ask("GET", "/ping", None, {}).status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWERS_WITHIN_SECONDS)
        ) as connection:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return Answer(status=answer.status, content_type=answer.getheader("Content-Type", ""), body=answer.read())


@contextlib.contextmanager
def serve(
    python: Path, folder: Path, *, image_uri: str, archive: Path, environment: Mapping[str, str]
) -> Generator[LocalEndpoint]:
    """Serve a model without network until the `with` statement ends.

    Args:
        python: Interpreter with the packages of the image.
        folder: Everything of the container is kept here, its log too.
        image_uri: The image.
        archive: The model's model.tar.gz.
        environment: Variables that the model package declares for its container.

    Raises:
        ServingError: it ends, or does not become healthy in time; with the last lines of its log.
    """
    model = folder / "ml" / "model"
    model.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(model)], check=True)
    program = [str(python), container.__file__]
    subprocess.run([*program, "finish"], check=True)
    log = folder / "log.txt"
    with socket.socket() as held, log.open("wb") as stream:
        # Held until the end, so that the port is not free at one moment and taken at the next.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        variables = {"PATH": os.environ["PATH"], "SM_BASE": str(folder / "ml"), "SAGEMAKER_BIND_TO_PORT": str(port)}
        process = subprocess.Popen(
            [*program, "serve", image_uri, "--isolated"],
            env=variables | dict(environment),
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            endpoint = LocalEndpoint(port=port)
            _wait(process, endpoint, log)
            yield endpoint
        finally:
            # It ends with its standard input, at once: no request is under way.
            process.communicate()


def _wait(process: subprocess.Popen[bytes], endpoint: LocalEndpoint, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not endpoint.is_healthy():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            state = "ended" if ended else f"was not healthy after {STARTS_WITHIN_SECONDS:.0f} seconds"
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise ServingError(f"the container {state}; its log ends with:\n{last}")
        time.sleep(0.1)
