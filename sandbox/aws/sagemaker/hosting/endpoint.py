"""An endpoint: its state, the fleet that serves it, and the deployment that may be under way."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.aws.eventbridge import service_events
from sandbox.aws.sagemaker import tags
from sandbox.aws.sagemaker.hosting.fleet import Fleet
from sandbox.aws.sagemaker.hosting.variant import Variant
from sandbox.aws.service import Members, now

STATE_CHANGE = "SageMaker Endpoint State Change"
DEPLOYMENT_CHANGE = "SageMaker Endpoint Deployment State Change"

SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
"""States in which an endpoint answers."""

EVENT_STATUS = {
    "Creating": "CREATING",
    "InService": "IN_SERVICE",
    "Updating": "UPDATING",
    "RollingBack": "ROLLING_BACK",
    "Deleting": "DELETING",
    "Failed": "FAILED",
}
"""A state as events spell it."""


@dataclass(eq=False, kw_only=True)
class Pending:
    """A deployment under way: the new fleet, and its stage."""

    fleet: Fleet
    started: float = field(default_factory=now)
    share: float = 0.0
    """The part of the traffic that the new fleet gets, between 0 and 1."""
    stage: Members | None = None
    """The VariantStatus that its variants show."""

    def summary(self) -> Members:
        """Return the deployment as DescribeEndpoint shows it."""
        stages = [self.stage] if self.stage else []
        kinds = {"ProductionVariants": self.fleet.production, "ShadowProductionVariants": self.fleet.shadow}
        return {
            "EndpointConfigName": self.fleet.configuration_name,
            "StartTime": self.started,
            **{kind: [variant.summary(stages) for variant in variants] for kind, variants in kinds.items() if variants},
        }


@dataclass(eq=False, kw_only=True)
class Endpoint:
    """One endpoint."""

    name: str
    arn: str
    configuration_name: str
    status: str = "Creating"
    failure_reason: str | None = None
    created: float = field(default_factory=now)
    modified: float = field(default_factory=now)
    deployment: Members | None = None
    """The DeploymentConfig of the latest deployment."""
    live: Fleet | None = None
    """The fleet that serves it; None until its creation is complete."""
    pending: Pending | None = None

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Change the state, and send the event of it."""
        self.status, self.failure_reason, self.modified = status, reason, now()
        self._send(STATE_CHANGE)

    def set_stage(self, status: str, message: str) -> None:
        """Change the stage of the deployment, and send the event of it."""
        if self.pending is not None:
            self.pending.stage = {"Status": status, "StatusMessage": message, "StartTime": now()}
            self.modified = now()
            self._send(DEPLOYMENT_CHANGE)

    def variant(self, name: str) -> Variant | None:
        """Return the production variant of that name that serves, if there is one."""
        variants = self.live.production if self.live else []
        return next((variant for variant in variants if variant.name == name), None)

    def record(self) -> Members:
        """Return the endpoint as lists show it."""
        return {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "EndpointStatus": self.status,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }

    def description(self) -> Members:
        """Return the endpoint as DescribeEndpoint answers it."""
        description = {**self.record(), "EndpointConfigName": self.configuration_name}
        if self.failure_reason is not None:
            description["FailureReason"] = self.failure_reason
        if self.deployment is not None:
            description["LastDeploymentConfig"] = self.deployment
        if self.live is not None:
            description |= _fleet(self.live)
        if self.pending is not None:
            description["PendingDeploymentSummary"] = self.pending.summary()
        return description

    def _send(self, kind: str) -> None:
        description = self.description()
        description["EndpointStatus"] = EVENT_STATUS[self.status]
        description["Tags"] = {tag["Key"]: tag["Value"] for tag in tags.of(self.arn)}
        service_events.send("aws.sagemaker", kind, [self.arn], _in_milliseconds(description))


def _fleet(fleet: Fleet) -> Members:
    capture = fleet.capture.summary()
    return {
        "ProductionVariants": [variant.summary() for variant in fleet.production],
        **({"ShadowProductionVariants": [item.summary() for item in fleet.shadow]} if fleet.shadow else {}),
        **({"DataCaptureConfig": capture} if capture else {}),
    }


def _in_milliseconds(value: Any, name: str = "") -> Any:
    """Return a description as events carry it: times are milliseconds there."""
    if isinstance(value, dict):
        return {key: _in_milliseconds(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_milliseconds(item) for item in value]
    return int(value * 1000) if name.endswith("Time") else value
