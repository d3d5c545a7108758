"""The endpoint as SageMaker has it, whatever the state says: waiting for it, judging it, tidying up behind it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment import DeploymentError
from deployment.project import Environment

BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
"""SageMaker refuses changes in these; each ends by itself."""

Description = dict[str, Any]
"""What DescribeEndpoint answers."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """The instances that a configuration starts with."""

    instance_type: str
    instances: int


@dataclass(frozen=True, kw_only=True)
class LiveEndpoint:
    """The endpoint of an environment."""

    environment: Environment
    sagemaker: Any
    cloudwatch: Any
    minutes_to_wait: float
    """For what is being done to it already."""
    say: Callable[[str], None]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        """Of the endpoint."""
        return self.environment.endpoint_name

    def settled(self) -> Description | None:
        """The endpoint once nothing is being done to it any more; None when there is none.

        Raises:
            DeploymentError: something still is when the time is over.
        """
        started = self.now()
        said = ""
        while True:
            endpoint = self._describe()
            status = endpoint["EndpointStatus"] if endpoint else "absent"
            if status not in BUSY:
                return endpoint
            if status != said:
                said = status
                self.say(f"{self.name} is {status}: waiting")
            elapsed = self.now() - started
            pause = min(10.0, 1.0 + elapsed / 30)
            if elapsed + pause > self.minutes_to_wait * 60:
                raise DeploymentError(
                    f"{self.name} is still {status} after {self.minutes_to_wait:.0f} minutes; "
                    "run this again when it is not"
                )
            self.sleep(pause)

    def ready_for_update(self) -> Description | None:
        """The endpoint when it can be updated; one that failed is deleted, as nothing else can be done with it."""
        endpoint = self.settled()
        if endpoint is None or endpoint["EndpointStatus"] != "Failed":
            return endpoint
        reason = endpoint.get("FailureReason", "SageMaker gave no reason")
        self.say(f"{self.name} has failed ({reason}): deleting it, to make it anew")
        self.sagemaker.delete_endpoint(EndpointName=self.name)
        return self.settled()

    def started(self, endpoint: Description | None) -> Started | None:
        """What the configuration that serves started with; None when there is none."""
        name = configuration_of(endpoint)
        if not name:
            return None
        variant = self.sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"][0]
        return Started(instance_type=variant["InstanceType"], instances=variant["InitialInstanceCount"])

    def require_serving(
        self, endpoint: Description | None, configuration: str | None, *, before: Description | None
    ) -> None:
        """Make sure that the endpoint serves exactly this configuration.

        SageMaker takes a release back when an alarm fires, and the endpoint is InService again with what it had before.
        The provider then reports success (terraform-provider-aws issues 46663 and 48997), unless it happened to look
        while SageMaker was rolling back; so the endpoint is asked.

        Args:
            endpoint: what SageMaker says of it.
            configuration: what was asked for; None when the update failed before it could say.
            before: what SageMaker said of it before the update.

        Raises:
            DeploymentError: it serves something else or nothing; with SageMaker's reason and the alarms that are on.
        """
        status, serving = (
            ("absent", "") if endpoint is None else (endpoint["EndpointStatus"], configuration_of(endpoint))
        )
        if (status, serving) == ("InService", configuration):
            return
        where = self.environment.name
        if status == "InService" and (configuration or _was_taken_back(before, endpoint)):
            what = f"{where} was rolled back: it serves what it served before"
        elif configuration is None:
            what = f"pulumi up failed in {where}; its messages are above"
        else:
            what = f"{where} does not serve the model"
        lines = [
            what,
            f"  {self.name} is {status}" + (f" with {serving}" if serving else ""),
            *([f"  asked for was {configuration}"] if configuration else []),
            f"  reason: {(endpoint or {}).get('FailureReason') or 'SageMaker gave none'}",
            *(f"  alarm {alarm}" for alarm in self._firing()),
        ]
        raise DeploymentError("\n".join(lines))

    def prune(self, *, serving: str, before: str) -> list[str]:
        """Delete endpoint configurations and models that neither serve nor served last; returns their names.

        The program leaves them where they are (`retain_on_delete`): while a release can still be rolled back, SageMaker
        needs the configuration that it replaces.
        """
        configurations = self._listed("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName")
        kept = {serving, before}
        if before in ("", serving):
            # Nothing was replaced this time: what served before is the youngest but the one that serves.
            kept.update([name for name in configurations if name != serving][:1])
        models = {model for name in kept.intersection(configurations) for model in self._models_of(name)}
        deleted: list[str] = []
        for name in configurations:
            if name not in kept:
                self.sagemaker.delete_endpoint_config(EndpointConfigName=name)
                deleted.append(name)
        for name in self._listed("list_models", "Models", "ModelName"):
            if name not in models:
                self.sagemaker.delete_model(ModelName=name)
                deleted.append(name)
        return deleted

    def _describe(self) -> Description | None:
        try:
            return self.sagemaker.describe_endpoint(EndpointName=self.name)
        except ClientError as error:
            if "Could not find" in str(error):
                return None
            raise

    def _firing(self) -> list[str]:
        answer = self.cloudwatch.describe_alarms(AlarmNamePrefix=f"{self.name}-", StateValue="ALARM")
        return [f"{alarm['AlarmName']}: {alarm.get('StateReason', '')}" for alarm in answer["MetricAlarms"]]

    def _listed(self, operation: str, key: str, name: str) -> list[str]:
        """Names of what deployments made, the youngest first."""
        prefix = f"{self.name}-v"
        pages = self.sagemaker.get_paginator(operation).paginate(
            NameContains=prefix, SortBy="CreationTime", SortOrder="Descending"
        )
        return [entry[name] for page in pages for entry in page[key] if entry[name].startswith(prefix)]

    def _models_of(self, configuration: str) -> list[str]:
        content = self.sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
        variants = [*content["ProductionVariants"], *content.get("ShadowProductionVariants", [])]
        return [variant["ModelName"] for variant in variants]


def _was_taken_back(before: Description | None, after: Description | None) -> bool:
    """Whether SageMaker began to change an endpoint in between, and has undone it for a reason."""
    if before is None or after is None:
        return False
    changed = before["LastModifiedTime"] != after["LastModifiedTime"]
    return changed and "FailureReason" in after and configuration_of(before) == configuration_of(after)


def configuration_of(endpoint: Description | None) -> str:
    """The endpoint configuration that serves; empty when there is none."""
    return (endpoint or {}).get("EndpointConfigName", "")


def instances(endpoint: Description | None) -> int:
    """How many instances serve, which autoscaling may have added to; 0 when there are none."""
    variants = (endpoint or {}).get("ProductionVariants", [])
    return max((variant.get("DesiredInstanceCount", 0) for variant in variants), default=0)
