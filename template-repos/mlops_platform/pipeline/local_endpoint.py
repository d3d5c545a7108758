"""Serve a model on this machine as its image does on SageMaker, with AWS's own model server, and send it requests."""

import contextlib
import http.client
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from mlops_platform.pipeline.local_run import OPT_ML
from mlops_platform.serving import container

STARTS_WITHIN_SECONDS = 120.0
"""SageMaker gives a container 8 minutes to answer its health check, unless the endpoint's configuration says otherwise."""
ANSWERS_WITHIN_SECONDS = 60.0
"""Source: API reference, "InvokeEndpoint"."""
ENDS_WITHIN_SECONDS = 5.0


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
) -> Iterator[LocalEndpoint]:
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
    container.finish(python)
    declared = {name: value.replace(OPT_ML, str(folder / "ml")) for name, value in environment.items()}
    log = folder / "log.txt"
    with contextlib.closing(container.reserve_port()) as reserved, log.open("wb") as stream:
        port: int = reserved.getsockname()[1]
        process = subprocess.Popen(
            container.command(python, folder, container.serving_module(image_uri)),
            env=container.environment(folder, port, isolated=True) | declared,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            endpoint = LocalEndpoint(port=port)
            _wait(process, endpoint, log)
            yield endpoint
        finally:
            container.end(process, seconds=ENDS_WITHIN_SECONDS)


def _wait(process: subprocess.Popen[bytes], endpoint: LocalEndpoint, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not endpoint.is_healthy():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            state = "ended" if ended else f"was not healthy after {STARTS_WITHIN_SECONDS:.0f} seconds"
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise ServingError(f"the container {state}; its log ({log}) ends with:\n{last}")
        time.sleep(0.1)
