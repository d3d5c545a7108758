"""The live endpoint, independent of the state: wait for it, check what it serves, remove what was superseded."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from endpoint import METRICS
from mlops_platform.release import DeploymentError, waiting
from mlops_platform.release.project import Environment

BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
"""Statuses in which SageMaker refuses changes; each ends without being asked to."""

Description = dict[str, Any]
"""The answer of DescribeEndpoint."""


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
    """For a change that is already under way."""
    say: Callable[[str], None]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        """Name of the endpoint."""
        return self.environment.deployment_name

    def settled(self) -> Description | None:
        """Return the endpoint once it is no longer being changed; None when there is none.

        Raises:
            DeploymentError: it is still being changed when the time is over.
        """
        return waiting.until_settled(
            self._describe,
            _status_of,
            name=self.name,
            busy=BUSY,
            minutes=self.minutes_to_wait,
            say=self.say,
            now=self.now,
            sleep=self.sleep,
        )

    def ready_for_update(self) -> Description | None:
        """Return the endpoint when it can be updated; one that failed is deleted, as nothing else can be done with it."""
        endpoint = self.settled()
        if endpoint is None or endpoint["EndpointStatus"] != "Failed":
            return endpoint
        reason = endpoint.get("FailureReason", "SageMaker gave no reason")
        self.say(f"{self.name} has failed ({reason}): deleting it, to create it anew")
        self.sagemaker.delete_endpoint(EndpointName=self.name)
        return self.settled()

    def end(self) -> None:
        """Delete the endpoint if there is one, and wait until it is gone."""
        if self.settled() is not None:
            self.say(f"deleting {self.name}, which the state does not know")
            self.sagemaker.delete_endpoint(EndpointName=self.name)
            self.settled()

    def started(self, endpoint: Description | None) -> Started | None:
        """Return the instances that the live configuration started with; None when there is none."""
        name = configuration_of(endpoint)
        if not name:
            return None
        variant = self.sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"][0]
        return Started(instance_type=variant["InstanceType"], instances=variant["InitialInstanceCount"])

    def require_serving(
        self, endpoint: Description | None, configuration: str | None, *, before: Description | None
    ) -> None:
        """Make sure that the endpoint serves exactly this configuration.

        SageMaker rolls a release back when an alarm fires, and the endpoint is InService again with its former
        configuration. The provider then reports success (terraform-provider-aws issues 46663 and 48997), unless it
        happened to poll while SageMaker was rolling back; so the description decides.

        Args:
            endpoint: its description after the update.
            configuration: the requested configuration; None when the update failed before there was one.
            before: its description before the update.

        Raises:
            DeploymentError: it serves something else or nothing; with SageMaker's reason and the alarms that are on.
        """
        status, serving = _status_of(endpoint), configuration_of(endpoint)
        if (status, serving) == ("InService", configuration):
            return
        where, firing = self.environment.name, self._firing()
        if status == "InService" and (configuration or _was_rolled_back(before, endpoint, firing)):
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
            *(f"  alarm {alarm}" for alarm in firing),
        ]
        raise DeploymentError("\n".join(lines))

    def prune(self, *, serving: str, before: str) -> list[str]:
        """Delete endpoint configurations and models that neither serve nor served last; returns their names.

        The program keeps configurations (`retain_on_delete`): while a release can still be rolled back, SageMaker
        needs the one that it replaces. A model that was deleted is made again when its version is released again.
        """
        prefix = f"{self.name}-v"
        configurations = self._listed("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", prefix)
        kept = {serving, before}
        if before in ("", serving):
            # Nothing was replaced this time: the youngest besides the live one served before.
            kept.update([name for name in configurations if name != serving][:1])
        models = {model for name in kept.intersection(configurations) for model in self._models_of(name)}
        deleted: list[str] = []
        for name in configurations:
            if name not in kept:
                self.sagemaker.delete_endpoint_config(EndpointConfigName=name)
                deleted.append(name)
        for name in self._listed("list_models", "Models", "ModelName", f"{self.name}-"):
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
        # Those of what watches the endpoint look at other metrics: no release is rolled back by them.
        return [
            f"{alarm['AlarmName']}: {alarm.get('StateReason', '')}"
            for alarm in answer["MetricAlarms"]
            if alarm["Namespace"] == METRICS
        ]

    def _listed(self, operation: str, key: str, name: str, prefix: str) -> list[str]:
        """Return the names that begin with a prefix, the youngest first."""
        pages = self.sagemaker.get_paginator(operation).paginate(
            NameContains=prefix, SortBy="CreationTime", SortOrder="Descending"
        )
        return [entry[name] for page in pages for entry in page[key] if entry[name].startswith(prefix)]

    def _models_of(self, configuration: str) -> list[str]:
        content = self.sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
        variants = [*content["ProductionVariants"], *content.get("ShadowProductionVariants", [])]
        return [variant["ModelName"] for variant in variants]


def _was_rolled_back(before: Description | None, after: Description | None, firing: Sequence[str]) -> bool:
    """Tell whether SageMaker began to change an endpoint in between, and has undone it for a reason.

    The reason may be missing after a rollback (terraform-provider-aws issue 49020); then an alarm that is on stands for it.
    Without either, autoscaling may have changed the endpoint.
    """
    if before is None or after is None:
        return False
    changed = before["LastModifiedTime"] != after["LastModifiedTime"]
    undone = changed and configuration_of(before) == configuration_of(after)
    return undone and bool(after.get("FailureReason") or firing)


def _status_of(endpoint: Description | None) -> str:
    return endpoint["EndpointStatus"] if endpoint else "absent"


def configuration_of(endpoint: Description | None) -> str:
    """Return the name of the live endpoint configuration; empty when there is none."""
    return (endpoint or {}).get("EndpointConfigName", "")


def instances(endpoint: Description | None) -> int:
    """Return the number of instances that serve, with those that autoscaling has added."""
    variants = (endpoint or {}).get("ProductionVariants", [])
    return max((variant.get("DesiredInstanceCount", 0) for variant in variants), default=0)
