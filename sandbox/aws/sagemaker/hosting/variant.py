"""A variant of an endpoint: its share of the traffic, and the container that answers its requests."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Credentials
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import containers, execution_role, logs
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.sagemaker.hosting.model_container import (
    ANSWERED_WITHIN_SECONDS,
    Answer,
    Headers,
    HostingError,
    ModelContainer,
)
from sandbox.aws.service import Members, now

LOG_GROUP = "/aws/sagemaker/Endpoints"

CREDENTIALS_SECONDS = 7 * 24 * 3600
"""Validity of a container's credentials. SageMaker renews them in time; here they are never renewed."""

HEALTHY_WITHIN_SECONDS = 480
"""Time limit for a container to answer `/ping`, unless its variant says otherwise (up to 3600).

Not compressed while the container starts, like every limit on work: a process takes here as long as anywhere.
Source: SageMaker Developer Guide, "Use your own inference code with hosting services", on health checks.
"""


class GoneError(Exception):
    """A variant takes no more requests: another fleet has replaced it."""


@dataclass(eq=False, kw_only=True)
class Variant:
    """A variant: its settings, its share of the traffic, and the container that serves it."""

    settings: Members
    model: Members
    weight: float
    instances: int
    desired_weight: float = 0.0
    desired_instances: int = 0
    image_resolved: float = field(default_factory=now)
    _container: ModelContainer | None = None
    _answering: int = 0
    """Number of requests that it is answering."""
    _ending: bool = False
    _idle: threading.Condition = field(default_factory=threading.Condition)

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
        """Put the lines that the container has written since the last time into CloudWatch Logs."""
        if self._container is None:
            return
        lines = self._container.new_log_lines()
        if lines:
            client = containers.client("logs", self.credentials(), scope.region())
            logs.write(client, f"{LOG_GROUP}/{endpoint}", f"{self.name}/{self._container.name}", lines)

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
        self._container = ModelContainer(self.model, endpoint, self.name)
        self._container.fetch(credentials)
        self._container.launch(credentials)
        allowed = self.settings.get("ContainerStartupHealthCheckTimeoutInSeconds", HEALTHY_WITHIN_SECONDS)
        if not self._container.becomes_healthy(allowed):
            raise HostingError(
                f"The primary container for production variant {self.name} did not pass the ping health check. "
                "Please check CloudWatch logs for this endpoint."
            )

    def invoke(self, headers: Headers, body: bytes) -> Answer:
        """Pass a request to the model.

        Raises:
            GoneError: the variant takes no more requests.
        """
        with self._idle:
            if self._ending or self._container is None:
                raise GoneError
            self._answering += 1
        try:
            return self._container.invoke(headers, body)
        finally:
            with self._idle:
                self._answering -= 1
                self._idle.notify_all()

    def keep_alive(self) -> None:
        """Start the container again if it has ended, as SageMaker replaces a container that fails."""
        container = self._container
        if container is not None and not container.alive():
            with self._idle:
                if not self._ending:
                    container.kill()
                    container.launch(self.credentials())

    def stop(self) -> None:
        """End the container, once it has answered its requests."""
        with self._idle:
            self._ending = True
            self._idle.wait_for(lambda: self._answering == 0, timeout=ANSWERED_WITHIN_SECONDS)
        if self._container is not None:
            self._container.stop()

    def remove(self) -> None:
        """Remove the files of the container."""
        if self._container is not None:
            self._container.remove()
