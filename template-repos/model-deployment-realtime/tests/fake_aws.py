"""An AWS that exists only in memory, and answers as AWS documents, refusals included."""

import base64
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from examples import PROJECT


def refusal(operation: str, code: str, message: str, **more: Any) -> ClientError:
    """What boto3 raises when AWS refuses."""
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(response, operation)


@dataclass
class FakeSageMaker:
    """Model packages, endpoints, endpoint configurations and models of two accounts."""

    packages: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    endpoint: dict[str, Any] | None = None
    statuses: list[str] = field(default_factory=list[str])
    """What the endpoint's status is at the next looks; then it stays."""
    configurations: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Models by endpoint configuration, the youngest first."""
    fleets: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """Type and number of the instances that a configuration starts with, if a test cares."""
    models: list[str] = field(default_factory=list[str])
    deleted: list[str] = field(default_factory=list[str])

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if ModelPackageName not in self.packages:
            message = f"ModelPackage {ModelPackageName} does not exist."
            raise refusal("DescribeModelPackage", "ValidationException", message)
        return self.packages[ModelPackageName]

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
    """Whether nothing can be registered."""

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

    def describe_scaling_policies(self, **what: str) -> dict[str, Any]:
        self._check(*what.values())
        return {"ScalingPolicies": [{**policy, "PolicyARN": "arn:policy", "Alarms": []} for policy in self.policies]}

    def deregister_scalable_target(self, **what: str) -> None:
        self._check(*what.values())
        self.done.append("deregister")
        self.target, self.policies = None, []

    def register_scalable_target(self, **request: Any) -> None:
        if self.broken:
            raise refusal("RegisterScalableTarget", "ValidationException", "SageMaker endpoint variant doesn't exist")
        if self.target and request.get("Tags"):
            message = "The scalable target that you tried to tag already exists."
            raise refusal("RegisterScalableTarget", "ValidationException", message)
        self.done.append("register")
        self.target = self._without_what(request)

    def put_scaling_policy(self, **request: Any) -> None:
        assert self.target
        self.done.append("put policy")
        self.policies = [*self.policies, self._without_what(request)]

    def _without_what(self, request: dict[str, Any]) -> dict[str, Any]:
        self._check(*(request.pop(key) for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")))
        return request

    @staticmethod
    def _check(*what: str) -> None:
        name = PROJECT.environments["preprod"].endpoint_name
        dimension = "sagemaker:variant:DesiredInstanceCount"
        assert what == ("sagemaker", f"endpoint/{name}/variant/AllTraffic", dimension)


@dataclass
class FakeS3:
    """Objects with checksums, by bucket and key."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict[tuple[str, str], dict[str, Any]])
    copies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    missing: str = "404"
    """S3 says 403 to whoever may not list the bucket."""
    damaged: bool = False
    """Whether copies turn out different."""

    def put(self, bucket: str, key: str, body: bytes, metadata: dict[str, str] | None = None) -> str:
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        self.objects[bucket, key] = {
            "ChecksumSHA256": checksum,
            "ContentLength": len(body),
            "ETag": f'"{checksum[:8]}"',
            "Metadata": metadata or {},
            "LastModified": datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        }
        return checksum

    def head_object(self, *, Bucket: str, Key: str, ChecksumMode: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert ChecksumMode == "ENABLED"
        if (Bucket, Key) not in self.objects:
            raise refusal("HeadObject", self.missing, "Not Found")
        return self.objects[Bucket, Key]

    def copy_object(self, *, Bucket: str, Key: str, **arguments: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.copies.append({"Bucket": Bucket, "Key": Key, **arguments})
        source = self.objects[arguments["CopySource"]["Bucket"], arguments["CopySource"]["Key"]]
        if source["ETag"] != arguments["CopySourceIfMatch"]:
            raise refusal("CopyObject", "PreconditionFailed", "At least one of the pre-conditions did not hold")
        self.objects[Bucket, Key] = {**source, **({"ChecksumSHA256": "d3Jvbmc="} if self.damaged else {})}
        return {"CopyObjectResult": {"ChecksumSHA256": self.objects[Bucket, Key]["ChecksumSHA256"]}}

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        found = [
            {"Key": key, "LastModified": content["LastModified"]}
            for (bucket, key), content in self.objects.items()
            if bucket == Bucket and key.startswith(Prefix)
        ]
        return {"Contents": found} if found else {}

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's names
        del self.objects[Bucket, Key]


@dataclass
class FakeCloudWatch:
    """Alarms that are on."""

    firing: dict[str, str] = field(default_factory=dict[str, str])

    def describe_alarms(self, *, AlarmNamePrefix: str, StateValue: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert StateValue == "ALARM"
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateReason": reason}
                for name, reason in self.firing.items()
                if name.startswith(AlarmNamePrefix)
            ]
        }


@dataclass
class FakeSts:
    """Whose credentials these are."""

    account: str = PROJECT.environments["preprod"].account_id

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self.account}


def truthful(rows: list[list[str]]) -> str:
    """Always answers 10 rings."""
    return "10.0\n" * len(rows)


@dataclass
class FakeRuntime:
    """An endpoint that is asked."""

    predict: Callable[[list[list[str]]], str] = truthful
    content_type: str = "text/csv; charset=utf-8"
    error: Exception | None = None
    refuses_with: int = 415
    seconds: float = 0.01
    """What an answer takes."""
    time: float = 0.0

    def now(self) -> float:
        return self.time

    def invoke_endpoint(self, *, EndpointName: str, ContentType: str, Accept: str, Body: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert EndpointName == PROJECT.environments["preprod"].endpoint_name
        assert Accept == "text/csv"
        self.time += self.seconds
        if self.error:
            raise self.error
        if ContentType != "text/csv" and self.refuses_with:
            metadata = {"HTTPStatusCode": 424}
            message = f"Received client error ({self.refuses_with}) from primary"
            more = {"OriginalStatusCode": self.refuses_with, "OriginalMessage": "content type is 'image/png'"}
            raise refusal("InvokeEndpoint", "ModelError", message, ResponseMetadata=metadata, **more)
        rows = [line.split(",") for line in Body.decode().splitlines()]
        return {"Body": io.BytesIO(self.predict(rows).encode()), "ContentType": self.content_type}


@dataclass
class Aws:
    """The services that the commands talk to."""

    sagemaker: FakeSageMaker = field(default_factory=FakeSageMaker)
    s3: FakeS3 = field(default_factory=FakeS3)
    scaling: FakeScaling = field(default_factory=FakeScaling)
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)
    sts: FakeSts = field(default_factory=FakeSts)
    runtime: FakeRuntime = field(default_factory=FakeRuntime)
    patience: float = 0

    def client(self, service: str, region: str, *, attempts: int = 8, read_timeout_seconds: float = 60) -> Any:
        assert region == "eu-west-1"
        if service == "sagemaker-runtime":
            assert attempts == 1
            self.patience = read_timeout_seconds
            return self.runtime
        return {
            "application-autoscaling": self.scaling,
            "cloudwatch": self.cloudwatch,
            "s3": self.s3,
            "sagemaker": self.sagemaker,
            "sts": self.sts,
        }[service]
