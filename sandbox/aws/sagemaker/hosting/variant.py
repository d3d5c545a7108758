"""A variant of an endpoint: a process that has loaded its model, and answers requests with it."""

import contextlib
import http.client
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Credentials
from sandbox.aws.ministack import gateway, scope
from sandbox.aws.sagemaker import archives, containers, execution_role, logs, names, transfer
from sandbox.aws.sagemaker.containers import Container
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.service import Members, now

MODEL_SERVER = Path(__file__).with_name("model_server.py")

LOG_GROUP = "/aws/sagemaker/Endpoints"

CREDENTIALS_SECONDS = 7 * 24 * 3600
"""Validity of a process's credentials. SageMaker renews them in time; here they are never renewed."""

HEALTHY_WITHIN_SECONDS = 480
"""Time limit for a container to answer `/ping`, unless its variant says otherwise (up to 3600).

Not compressed, like every limit on work: a process takes here as long as anywhere.
Source: SageMaker Developer Guide, "Use your own inference code with hosting services", on health checks.
"""

PING_SECONDS = 2
"""Time limit of a health check (same source)."""

ANSWERED_WITHIN_SECONDS = 60
"""Time limit of an invocation (same source)."""

Headers = Mapping[str, str]


class GoneError(Exception):
    """A variant takes no more requests: another fleet has replaced it."""


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


@dataclass(eq=False, kw_only=True)
class Variant:
    """A variant: its settings, its share of the traffic, and the process that serves it."""

    settings: Members
    model: Members
    weight: float
    instances: int
    desired_weight: float = 0.0
    desired_instances: int = 0
    image_resolved: float = field(default_factory=now)
    _container: Container | None = None
    _port: int = 0
    _answering: int = 0
    """Number of requests that it is answering."""
    _ending: bool = False
    _idle: threading.Condition = field(default_factory=threading.Condition)
    _shown: int = 0
    """Number of bytes of the process's log that are in CloudWatch Logs already."""

    def __post_init__(self) -> None:
        self.desired_weight, self.desired_instances = self.weight, self.instances

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.settings["VariantName"]

    @property
    def image(self) -> str:
        """The image of its model."""
        return self.model["PrimaryContainer"]["Image"]

    def summary(self, stages: Sequence[Members] = ()) -> Members:
        """Return the variant as DescribeEndpoint shows it, with the stages of a deployment."""
        image = {
            "SpecifiedImage": self.image,
            "ResolvedImage": self.image,
            "ResolutionTime": self.image_resolved,
        }
        return {
            "VariantName": self.name,
            "DeployedImages": [image],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.desired_weight,
            "CurrentInstanceCount": self.instances,
            "DesiredInstanceCount": self.desired_instances,
            **({"VariantStatus": list(stages)} if stages else {}),
        }

    def credentials(self) -> Credentials:
        """Return credentials of the model's execution role."""
        return authorization.assume(self.model["ExecutionRoleArn"], "SageMaker", seconds=CREDENTIALS_SECONDS)

    def show_log(self, endpoint: str) -> None:
        """Put the lines that the process has written since the last time into CloudWatch Logs."""
        if self._container is None or not self._container.log.is_file():
            return
        with self._container.log.open("rb") as log:
            log.seek(self._shown)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        if whole:
            self._shown += len(whole)
            client = containers.client("logs", self.credentials(), scope.region())
            stream = f"{self.name}/{self._container.base.parent.name.rpartition('-')[2]}"
            logs.write(client, f"{LOG_GROUP}/{endpoint}", stream, whole.decode(errors="replace").splitlines())

    def start(self, endpoint: str) -> None:
        """Fetch the model, start its process and wait until it is healthy.

        Raises:
            HostingError: it cannot serve.
        """
        credentials = self.credentials()
        try:
            execution_role.check_network(self.model.get("VpcConfig"), credentials)
        except StepFailedError as refused:
            raise HostingError(str(refused).removeprefix("ClientError: ")) from None
        try:
            execution_role.check_image(self.image, credentials)
        except StepFailedError:
            raise HostingError(
                f"The role '{self.model['ExecutionRoleArn']}' does not have BatchGetImage permission for the image: "
                f"'{self.image}'."
            ) from None
        self._container = containers.container(f"{endpoint}-{self.name}-{names.identifier(8)}", "endpoints")
        self._fetch(self._container, credentials)
        process = self._launch(self._container, endpoint, credentials)
        if not self._becomes_healthy(process):
            raise HostingError(
                f"The primary container for production variant {self.name} did not pass the ping health check. "
                "Please check CloudWatch logs for this endpoint."
            )

    def healthy(self) -> bool:
        """Return whether the process answers its health check."""
        try:
            return self._request("GET", "/ping", {}, b"", PING_SECONDS).status == http.client.OK
        except OSError:
            return False

    def invoke(self, headers: Headers, body: bytes) -> Answer:
        """Pass a request to the model.

        Raises:
            GoneError: the variant takes no more requests.
        """
        with self._idle:
            if self._ending:
                raise GoneError
            self._answering += 1
        try:
            return self._answer(headers, body)
        finally:
            with self._idle:
                self._answering -= 1
                self._idle.notify_all()

    def _answer(self, headers: Headers, body: bytes) -> Answer:
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

    def keep_alive(self, endpoint: str) -> None:
        """Restart the process if it has ended, as SageMaker replaces a container that fails."""
        container = self._container
        if container is not None and container.process is not None and container.process.poll() is not None:
            with self._idle:
                if not self._ending:
                    self._launch(container, endpoint, self.credentials())

    def stop(self) -> None:
        """End the process, once it has answered its requests."""
        with self._idle:
            self._ending = True
            self._idle.wait_for(lambda: self._answering == 0, timeout=ANSWERED_WITHIN_SECONDS)
        if self._container is None:
            return
        self._container.stop()
        process = self._container.process
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()

    def remove(self) -> None:
        """Remove the files of the process."""
        if self._container is not None:
            self._container.remove()

    def _fetch(self, container: Container, credentials: Credentials) -> None:
        folder = container.base / "model"
        folder.mkdir()
        url = self.model["PrimaryContainer"].get("ModelDataUrl")
        if url is None:
            return
        packed = container.base.parent / "model.tar.gz"
        try:
            packed.write_bytes(transfer.read(containers.client("s3", credentials, scope.region()), url))
            archives.unpack(packed, folder)
        except (StepFailedError, tarfile.TarError, EOFError, ValueError) as error:
            gateway.logger.warning("model of %s: %s", self.name, error)
            raise HostingError(
                f'Failed to download model data for container "container_1" from URL: "{url}". Please ensure that '
                "there is an object located at the URL and that the role passed to CreateModel has permissions to "
                "download the model."
            ) from None
        finally:
            packed.unlink(missing_ok=True)

    def _launch(self, container: Container, endpoint: str, credentials: Credentials) -> subprocess.Popen[bytes]:
        try:
            python = containers.images().python(self.image)
        except StepFailedError as error:
            raise HostingError(str(error)) from None
        environment = {
            **containers.bare_environment(),
            "HOME": str(container.base.parent),
            "AWS_REGION": scope.region(),
            "SAGEMAKER_REGION": scope.region(),
            "ENDPOINT_NAME": endpoint,
            "PYTHONPATH": f"{containers.MOUNT}/model/code",
            **self.model["PrimaryContainer"]["Environment"],
        }
        if code_folder := environment.get("SAGEMAKER_SUBMIT_DIRECTORY"):
            environment["PYTHONPATH"] = code_folder
        if not self.model["EnableNetworkIsolation"]:
            environment |= containers.access(credentials)
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
            self._port = listening.getsockname()[1]
            # The process inherits the socket: no port is free at one moment and taken at the next.
            command = [str(python), str(MODEL_SERVER), str(listening.fileno())]
            return container.start(command, environment, container.base / "model", sockets=[listening.fileno()])

    def _becomes_healthy(self, process: subprocess.Popen[bytes]) -> bool:
        allowed = self.settings.get("ContainerStartupHealthCheckTimeoutInSeconds", HEALTHY_WITHIN_SECONDS)
        deadline = time.monotonic() + allowed
        while time.monotonic() < deadline and process.poll() is None:
            if self.healthy():
                return True
        return False

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
