"""The services of AWS that an endpoint needs, in memory; they answer as AWS documents, refusals included."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployment import smoke
from endpoint import METRICS
from mlops_platform.release import known_rows
from mlops_platform.release.testing.aws import FakeAws, refusal
from mlops_platform.release.testing.example import PROJECT
from mlops_platform.scheduled.names import Names
from mlops_platform.scheduled.testing.aws import MODEL, FakeObjects, FakeScheduler
from watching import PURPOSE
from watching.places import CAPTURED

WATCH = Names(project=PROJECT, environment=PROJECT.environments["preprod"], purpose=PURPOSE)
"""Names of what watches the endpoint."""


@dataclass
class FakeSageMaker:
    """Endpoints, endpoint configurations and models of an account."""

    endpoint: dict[str, Any] | None = None
    statuses: list[str] = field(default_factory=list[str])
    """Statuses of the endpoint, one per DescribeEndpoint; the last stays."""
    configurations: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Models by endpoint configuration, the youngest first."""
    fleets: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """Type and number of the instances that a configuration starts with; absent means the defaults."""
    models: list[str] = field(default_factory=list[str])
    pipeline: str = ""
    """Definition of the pipeline that watches; empty when there is none."""
    deleted: list[str] = field(default_factory=list[str])

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.endpoint and self.statuses:
            self.endpoint["EndpointStatus"] = self.statuses.pop(0)
            if self.endpoint["EndpointStatus"] == "absent":
                self.endpoint = None
        if self.endpoint is None:
            raise refusal("DescribeEndpoint", "ValidationException", f'Could not find endpoint "{EndpointName}".')
        return dict(self.endpoint)

    def delete_endpoint(self, *, EndpointName: str) -> None:  # noqa: N803 - boto3's name
        self.deleted.append(EndpointName)
        self.statuses = ["Deleting", "absent"]

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        model, *shadow = self.configurations[EndpointConfigName]
        kind, instances = self.fleets.get(EndpointConfigName, ("ml.m5.large", 1))
        variant = {"ModelName": model, "InstanceType": kind, "InitialInstanceCount": instances}
        found: dict[str, Any] = {"ProductionVariants": [variant]}
        return {**found, "ShadowProductionVariants": [{"ModelName": each} for each in shadow]} if shadow else found

    def delete_endpoint_config(self, *, EndpointConfigName: str) -> None:  # noqa: N803 - boto3's name
        assert self.endpoint is None or self.endpoint["EndpointConfigName"] != EndpointConfigName
        del self.configurations[EndpointConfigName]
        self.deleted.append(EndpointConfigName)

    def delete_model(self, *, ModelName: str) -> None:  # noqa: N803 - boto3's name
        self.models.remove(ModelName)
        self.deleted.append(ModelName)

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {**MODEL, "ModelName": ModelName}

    def describe_pipeline(self, *, PipelineName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert PipelineName == WATCH.pipeline
        if not self.pipeline:
            raise refusal("DescribePipeline", "ResourceNotFound", f"Pipeline {PipelineName} does not exist.")
        return {"PipelineName": PipelineName, "PipelineDefinition": self.pipeline}

    def get_paginator(self, operation: str) -> "Pages":
        if operation == "list_models":
            return Pages("Models", "ModelName", list(self.models))
        assert operation == "list_endpoint_configs"
        return Pages("EndpointConfigs", "EndpointConfigName", list(self.configurations))


@dataclass
class Pages:
    """A listing, two entries a page."""

    key: str
    name: str
    found: list[str]

    def paginate(self, *, NameContains: str, SortBy: str, SortOrder: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        assert (SortBy, SortOrder) == ("CreationTime", "Descending")
        matching = [name for name in self.found if NameContains in name]
        for start in range(0, len(matching), 2):
            yield {self.key: [{self.name: name} for name in matching[start : start + 2]]}


@dataclass
class FakeScaling:
    """Application Auto Scaling with one target, or none."""

    target: dict[str, Any] | None = None
    policies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    done: list[str] = field(default_factory=list[str])
    broken: bool = False
    """Nothing can be registered."""

    def describe_scalable_targets(
        self,
        *,
        ServiceNamespace: str,  # noqa: N803 - boto3's names
        ResourceIds: list[str],  # noqa: N803
        ScalableDimension: str,  # noqa: N803
    ) -> dict[str, Any]:
        (resource,) = ResourceIds
        self._check(ServiceNamespace, resource, ScalableDimension)
        return {"ScalableTargets": [{**self.target, "ScalableTargetARN": "arn:target"}] if self.target else []}

    def list_tags_for_resource(self, *, ResourceARN: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert (ResourceARN, bool(self.target)) == ("arn:target", True)
        return {"Tags": (self.target or {})["Tags"]}

    def describe_scaling_policies(self, **target: str) -> dict[str, Any]:
        self._check(*target.values())
        return {"ScalingPolicies": [{**policy, "PolicyARN": "arn:policy", "Alarms": []} for policy in self.policies]}

    def deregister_scalable_target(self, **target: str) -> None:
        self._check(*target.values())
        self.done.append("deregister")
        self.target = None
        self.policies.clear()

    def register_scalable_target(self, **request: Any) -> None:
        if self.broken:
            raise refusal("RegisterScalableTarget", "ValidationException", "SageMaker endpoint variant doesn't exist")
        if self.target and request.get("Tags"):
            message = "The scalable target that you tried to tag already exists."
            raise refusal("RegisterScalableTarget", "ValidationException", message)
        self.done.append("register")
        self.target = self._without_target(request)

    def put_scaling_policy(self, **request: Any) -> None:
        assert self.target
        self.done.append("put policy")
        self.policies = [*self.policies, self._without_target(request)]

    def _without_target(self, request: dict[str, Any]) -> dict[str, Any]:
        self._check(*(request.pop(key) for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")))
        return request

    @staticmethod
    def _check(*target: str) -> None:
        name = PROJECT.environments["preprod"].deployment_name
        dimension = "sagemaker:variant:DesiredInstanceCount"
        assert target == ("sagemaker", f"endpoint/{name}/variant/AllTraffic", dimension)


@dataclass
class FakeCloudWatch:
    """Alarms that are on."""

    firing: dict[str, str] = field(default_factory=dict[str, str])
    namespaces: dict[str, str] = field(default_factory=dict[str, str])
    """Namespaces of the metrics of alarms that look at others than the endpoint's."""

    def describe_alarms(self, *, AlarmNamePrefix: str, StateValue: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert StateValue == "ALARM"
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateReason": reason, "Namespace": self.namespaces.get(name, METRICS)}
                for name, reason in self.firing.items()
                if name.startswith(AlarmNamePrefix)
            ]
        }


COLUMNS = len(known_rows.read_rows(smoke.ROWS)[0][0])
"""Number of the values that the model gets for a row."""


def constant(rows: list[list[str]]) -> str:
    """Predict 10 rings for every row."""
    return "10.0\n" * len(rows)


@dataclass
class FakeRuntime:
    """An endpoint that answers requests."""

    predict: Callable[[list[list[str]]], str] = constant
    content_type: str = "text/csv; charset=utf-8"
    error: Exception | None = None
    refuses_with: int = 415
    """Status for another content type than CSV; 0 answers all the same."""
    refuses_rows_with: int = 400
    """Status for rows of another length than those in smoke/; 0 answers all the same."""
    seconds: float = 0.01
    """Duration of an answer."""
    time: float = 0.0
    identities: list[str] = field(default_factory=list[str])
    """The ids of all requests."""

    def now(self) -> float:
        return self.time

    def invoke_endpoint(
        self,
        *,
        EndpointName: str,  # noqa: N803 - boto3's names
        ContentType: str,  # noqa: N803
        Accept: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        InferenceId: str,  # noqa: N803
    ) -> dict[str, Any]:
        self.identities.append(InferenceId)
        assert EndpointName == PROJECT.environments["preprod"].deployment_name
        assert Accept == "text/csv"
        self.time += self.seconds
        if self.error:
            raise self.error
        rows = list(csv.reader(io.StringIO(Body.decode(), newline="")))
        if ContentType != "text/csv":
            self._refuse(self.refuses_with, f"content type is {ContentType!r}")
        elif {len(row) for row in rows} != {COLUMNS}:
            self._refuse(self.refuses_rows_with, f"expected {COLUMNS} values")
        return {"Body": io.BytesIO(self.predict(rows).encode()), "ContentType": self.content_type}

    def _refuse(self, status: int, reason: str) -> None:
        if status:
            metadata = {"HTTPStatusCode": 424}
            message = f"Received client error ({status}) from primary"
            more = {"OriginalStatusCode": status, "OriginalMessage": reason}
            raise refusal("InvokeEndpoint", "ModelError", message, ResponseMetadata=metadata, **more)


@dataclass
class Aws(FakeAws):
    """The services that the commands use."""

    sagemaker: FakeSageMaker = field(default_factory=FakeSageMaker)
    scaling: FakeScaling = field(default_factory=FakeScaling)
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)
    runtime: FakeRuntime = field(default_factory=FakeRuntime)
    objects: FakeObjects = field(default_factory=lambda: FakeObjects(writable=(f"{WATCH.folder}/code/", CAPTURED)))
    scheduler: FakeScheduler = field(default_factory=lambda: FakeScheduler(WATCH.pipeline))
    timeout: float = 0
    """Of the client that asks the endpoint, in seconds."""

    @property
    def services(self) -> Mapping[str, Any]:
        return {
            **super().services,
            "sagemaker": self.sagemaker,
            "application-autoscaling": self.scaling,
            "cloudwatch": self.cloudwatch,
            "scheduler": self.scheduler,
            "s3": self.objects,
        }

    def client(self, service: str, region: str, *, attempts: int = 8, read_timeout_seconds: float = 60) -> Any:
        if service == "sagemaker-runtime":
            assert attempts == 1
            self.timeout = read_timeout_seconds
            return self.runtime
        return super().client(service, region, attempts=attempts, read_timeout_seconds=read_timeout_seconds)
