"""The container of a model: processes that serve its artifact, in the environment of its image.

Images of SageMaker's are served by AWS's own toolkit (`mlops_platform/serving/container.py`, as in launched
repositories). Another image brings its server, the module `serving` in its folder.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import tarfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.aws import clock
from sandbox.aws.iam.authorization import Credentials
from sandbox.aws.ministack import gateway, scope
from sandbox.aws.sagemaker import archives, containers, names, transfer
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.service import Members

PING_SECONDS = 2
"""Time limit of a health check.

Source: SageMaker Developer Guide, "Use your own inference code with hosting services", on health checks.
"""

PAUSE_SECONDS = 0.05
"""Pause between two health checks. A second on SageMaker; but a container that starts has no other work than to start."""

ANSWERED_WITHIN_SECONDS = 60
"""Time limit of an invocation (same source)."""

ENDED_WITHIN_SECONDS = 5
"""Time that a container has to end after SIGTERM, when it has no request any more."""

Headers = Mapping[str, str]


class HostingError(Exception):
    """A variant cannot serve; the message is the endpoint's FailureReason."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of a model's container."""

    status: int
    """HTTP status; 0 when the container did not answer at all."""
    content_type: str
    body: bytes
    microseconds: float


class ModelContainer:
    """The container of one variant of an endpoint."""

    def __init__(self, model: Members, endpoint: str, variant: str) -> None:
        self._model = model
        self._endpoint = endpoint
        self._container = containers.container(f"{endpoint}-{variant}-{names.identifier(8)}", "endpoints")
        self._port = 0
        self._shown = 0
        """Number of bytes of the log that are in CloudWatch Logs already."""

    @property
    def name(self) -> str:
        """The last part of its log stream's name."""
        return self._container.base.parent.name.rpartition("-")[2]

    def fetch(self, credentials: Credentials) -> None:
        """Download and unpack the artifact.

        Raises:
            HostingError: it cannot be had.
        """
        folder = self._container.base / "model"
        folder.mkdir()
        url = self._model["PrimaryContainer"].get("ModelDataUrl")
        if url is None:
            return
        packed = self._container.base.parent / "model.tar.gz"
        try:
            packed.write_bytes(transfer.read(containers.client("s3", credentials, scope.region()), url))
            archives.unpack(packed, folder)
        except (StepFailedError, tarfile.TarError, EOFError, ValueError) as error:
            gateway.logger.warning("model of %s: %s", self._endpoint, error)
            raise HostingError(
                f'Failed to download model data for container "container_1" from URL: "{url}". Please ensure that '
                "there is an object located at the URL and that the role passed to CreateModel has permissions to "
                "download the model."
            ) from None
        finally:
            packed.unlink(missing_ok=True)

    def launch(self, credentials: Credentials) -> None:
        """Start the processes.

        Raises:
            HostingError: the image's environment cannot be made.
        """
        container = self._model["PrimaryContainer"]
        isolated: bool = self._model["EnableNetworkIsolation"]
        environment = {
            **containers.bare_environment(),
            "AWS_REGION": scope.region(),
            "SAGEMAKER_REGION": scope.region(),
            "ENDPOINT_NAME": self._endpoint,
            **container["Environment"],
            **({} if isolated else containers.access(credentials)),
        }
        try:
            command = containers.images().serving_command(container["Image"], isolated=isolated)
        except StepFailedError as error:
            raise HostingError(str(error)) from None
        with socket.socket() as held:
            # The process inherits the socket, so no port is free at one moment and taken at the next.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind(("127.0.0.1", 0))
            self._port = held.getsockname()[1]
            environment["SAGEMAKER_BIND_TO_PORT"] = str(self._port)
            self._container.start(command, environment, self._container.base.parent, sockets=[held.fileno()])

    def becomes_healthy(self, seconds: int) -> bool:
        """Wait until it passes its health check; return whether it does, within so many of AWS's seconds."""
        deadline = time.monotonic() + seconds
        answers = False
        while time.monotonic() < deadline and self.alive():
            status = self._ping()
            if status == http.client.OK:
                return True
            if status is not None and not answers:
                # It is up and cannot serve: from now on SageMaker waits for nothing but the end of the time.
                answers, deadline = True, time.monotonic() + clock.seconds(deadline - time.monotonic())
            time.sleep(PAUSE_SECONDS)
        return False

    def alive(self) -> bool:
        """Return whether the container runs."""
        return self._container.process is not None and self._container.process.poll() is None

    def invoke(self, headers: Headers, body: bytes) -> Answer:
        """Pass a request to the model."""
        start = time.perf_counter()
        try:
            return self._request("POST", "/invocations", headers, body, ANSWERED_WITHIN_SECONDS)
        except TimeoutError:
            message = (
                "Your invocation timed out while waiting for a response from container primary. Review the latency "
                "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
            )
        except (OSError, http.client.HTTPException):
            message = "An error occurred while handling request as the model process exited."
        return Answer(
            status=0,
            content_type="text/plain",
            body=message.encode(),
            microseconds=(time.perf_counter() - start) * 1e6,
        )

    def new_log_lines(self) -> list[str]:
        """Return the lines that the processes have written since the last time."""
        if not self._container.log.is_file():
            return []
        with self._container.log.open("rb") as log:
            log.seek(self._shown)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._shown += len(whole)
        return whole.decode(errors="replace").splitlines()

    def stop(self) -> None:
        """End the processes."""
        self._container.stop()
        process = self._container.process
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=ENDED_WITHIN_SECONDS)
            self.kill()

    def kill(self) -> None:
        """End at once whatever is left of the processes."""
        process = self._container.process
        if process is None:
            return
        # A process that has just started does not lead its group yet.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def remove(self) -> None:
        """Remove the container's files."""
        self._container.remove()

    def _ping(self) -> int | None:
        try:
            return self._request("GET", "/ping", {}, b"", PING_SECONDS).status
        except (OSError, http.client.HTTPException):
            return None

    def _request(self, method: str, path: str, headers: Headers, body: bytes, seconds: float) -> Answer:
        start = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=seconds)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return Answer(
            status=response.status,
            content_type=response.getheader("Content-Type", "application/json"),
            body=content,
            microseconds=(time.perf_counter() - start) * 1e6,
        )
