"""Endpoints that a project deployed in an account, with all that belongs to them, for their removal."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from functions.template_cloner.account_requests import AccountRequests

_MISSING = re.compile(r"could not find|does not exist|not found", re.IGNORECASE)
_MOST_ALARMS = 100
"""The most that one request deletes. Source: CloudWatch API Reference, "DeleteAlarms"."""


class Deployments:
    """Deployments of projects in one account, by the beginning of their names."""

    def __init__(self, requests: AccountRequests, client: Callable[[str], Any]) -> None:
        self._requests = requests
        self._sagemaker = client("sagemaker")
        self._scaling = client("application-autoscaling")
        self._cloudwatch = client("cloudwatch")

    def endpoints(self, prefix: str) -> Mapping[str, str]:
        """Return the states of the project's endpoints, by their names."""
        found = self._requests.list_all(self._sagemaker, "list_endpoints", "Endpoints", NameContains=prefix)
        return {each["EndpointName"]: each["EndpointStatus"] for each in found if _owns(prefix, each["EndpointName"])}

    def delete_endpoint(self, name: str) -> None:
        """Begin to delete the endpoint; nothing happens when it is gone, or busy again."""
        self._requests.send_unless("ValidationException", lambda: self._sagemaker.delete_endpoint(EndpointName=name))

    def delete_what_served(self, prefix: str) -> None:
        """Delete the configurations, models, scaling, alarms and dashboards of the project's endpoints."""
        configurations = self._names("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", prefix)
        for name in configurations:
            self._delete(lambda name=name: self._sagemaker.delete_endpoint_config(EndpointConfigName=name))
        for name in self._names("list_models", "Models", "ModelName", prefix):
            self._delete(lambda name=name: self._sagemaker.delete_model(ModelName=name))
        self._stop_scaling(prefix)
        self._delete_alarms(prefix)
        self._delete_dashboards(prefix)

    def _stop_scaling(self, prefix: str) -> None:
        targets = self._requests.list_all(
            self._scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="sagemaker"
        )
        for target in targets:
            # endpoint/NAME/variant/VARIANT
            if _owns(prefix, target["ResourceId"].split("/")[1]):
                key = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
                self._requests.send_unless(
                    "ObjectNotFoundException", lambda key=key: self._scaling.deregister_scalable_target(**key)
                )

    def _delete_alarms(self, prefix: str) -> None:
        found = self._requests.list_all(self._cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
        alarms = [each["AlarmName"] for each in found if _owns(prefix, each["AlarmName"])]
        for start in range(0, len(alarms), _MOST_ALARMS):
            names = alarms[start : start + _MOST_ALARMS]
            self._requests.send_unless(
                "ResourceNotFound", lambda names=names: self._cloudwatch.delete_alarms(AlarmNames=names)
            )

    def _delete_dashboards(self, prefix: str) -> None:
        found = self._requests.list_all(
            self._cloudwatch, "list_dashboards", "DashboardEntries", DashboardNamePrefix=prefix
        )
        for name in [each["DashboardName"] for each in found if _owns(prefix, each["DashboardName"])]:
            self._requests.send_unless(
                "ResourceNotFound", lambda name=name: self._cloudwatch.delete_dashboards(DashboardNames=[name])
            )

    def _names(self, operation: str, key: str, name: str, prefix: str) -> list[str]:
        found = self._requests.list_all(self._sagemaker, operation, key, NameContains=prefix)
        return [each[name] for each in found if _owns(prefix, each[name])]

    def _delete(self, delete: Callable[[], object]) -> None:
        try:
            self._requests.send(delete)
        except ClientError as error:
            if not _MISSING.search(str(error)):
                raise


def _owns(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}-")
