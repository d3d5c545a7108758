"""Endpoints and schedules that a project deployed here, and what they leave, for its removal."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from functions.project_onboarding.account_requests import list_all, send_unless

_MISSING = re.compile(r"could not find|does not exist|not found", re.IGNORECASE)
_MOST_ALARMS = 100
"""The most that one request deletes. Source: CloudWatch API Reference, "DeleteAlarms"."""


class Deployments:
    """Deployments of projects, by the beginning of their names."""

    def __init__(self, sagemaker: Any, scaling: Any, cloudwatch: Any, scheduler: Any, storage: Any) -> None:
        self._sagemaker = sagemaker
        self._storage = storage
        self._scheduler = scheduler
        self._scaling = scaling
        self._cloudwatch = cloudwatch

    def endpoints(self, prefix: str) -> Mapping[str, str]:
        """Return the states of the project's endpoints, by their names."""
        found = list_all(self._sagemaker, "list_endpoints", "Endpoints", NameContains=prefix)
        return {each["EndpointName"]: each["EndpointStatus"] for each in found if _owns(prefix, each["EndpointName"])}

    def schedules(self, prefix: str) -> Mapping[str, str]:
        """Return the states of the schedules that start the project's pipelines, by their groups and names.

        Their group is the project's; their own name is for the project to choose. EventBridge Scheduler lists all of an account.
        """
        found = list_all(self._scheduler, "list_schedules", "Schedules")
        own = [each for each in found if _owns(prefix, each["GroupName"])]
        return {f"{each['GroupName']}/{each['Name']}": each["State"] for each in own}

    def delete_what_served(self, prefix: str) -> None:
        """Delete the configurations, models, scaling, alarms and dashboards of endpoints that are gone."""
        for name in self._names("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", prefix):
            _delete(lambda name=name: self._sagemaker.delete_endpoint_config(EndpointConfigName=name))
        for name in self._names("list_models", "Models", "ModelName", prefix):
            _delete(lambda name=name: self._sagemaker.delete_model(ModelName=name))
        self._stop_scaling(prefix)
        self._delete_alarms(prefix)
        self._delete_dashboards(prefix)

    def delete_what_is_empty(self, bucket: str, group: str) -> None:
        """Delete the bucket and the group of models of a promoted pipeline that never ran; what holds anything is a record and stays.

        Sources: S3 API Reference, "DeleteBucket" (a bucket with any version of an object is not empty); SageMaker API Reference,
        "DeleteModelPackageGroup".
        """
        send_unless(("BucketNotEmpty", "NoSuchBucket"), lambda: self._storage.delete_bucket(Bucket=bucket))

        def delete_group() -> None:
            if not self._sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]:
                self._sagemaker.delete_model_package_group(ModelPackageGroupName=group)

        _delete(delete_group)

    def _stop_scaling(self, prefix: str) -> None:
        targets = list_all(self._scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="sagemaker")
        for target in targets:
            # endpoint/NAME/variant/VARIANT
            if _owns(prefix, target["ResourceId"].split("/")[1]):
                key = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
                send_unless("ObjectNotFoundException", lambda key=key: self._scaling.deregister_scalable_target(**key))

    def _delete_alarms(self, prefix: str) -> None:
        found = list_all(self._cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
        alarms = [each["AlarmName"] for each in found if _owns(prefix, each["AlarmName"])]
        for start in range(0, len(alarms), _MOST_ALARMS):
            names = alarms[start : start + _MOST_ALARMS]
            send_unless("ResourceNotFound", lambda names=names: self._cloudwatch.delete_alarms(AlarmNames=names))

    def _delete_dashboards(self, prefix: str) -> None:
        found = list_all(self._cloudwatch, "list_dashboards", "DashboardEntries", DashboardNamePrefix=prefix)
        for name in [each["DashboardName"] for each in found if _owns(prefix, each["DashboardName"])]:
            send_unless("ResourceNotFound", lambda name=name: self._cloudwatch.delete_dashboards(DashboardNames=[name]))

    def _names(self, operation: str, key: str, name: str, prefix: str) -> list[str]:
        found = list_all(self._sagemaker, operation, key, NameContains=prefix)
        return [each[name] for each in found if _owns(prefix, each[name])]


def _delete(delete: Callable[[], object]) -> None:
    try:
        delete()
    except ClientError as error:
        if not _MISSING.search(str(error)):
            raise


def _owns(prefix: str, name: str) -> bool:
    """Decide as the policies of the project's roles do: ids of projects have one length, so none begins with another's."""
    return name.startswith(prefix)
