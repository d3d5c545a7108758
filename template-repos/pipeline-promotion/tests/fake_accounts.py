"""The three accounts in memory: what one of them has, no command for another sees."""

import io
import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from pipeline.project import ENVIRONMENTS

from mlops_platform.promotion.testing.aws import FakeScheduler, FakeVersions, Requests

EVALUATION = {
    "regression_metrics": {"mse": {"value": 4.5}, "r2": {"value": 0.57}},
    "baseline": {"mse": {"value": 10.4}},
    "champion": {"version": "none", "outcome": "there is no version to compare with"},
    "data": {"source": "abalone.csv", "rows": 4177, "sha256": "b" * 64},
    "rows": 627,
}


class FakeS3:
    """The objects of an account, each created once; and the evaluation of every execution."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self.objects: dict[str, bytes] = {}

    def get_paginator(self, operation: str) -> "FakeS3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's names
        assert Bucket == self.bucket
        return [{"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}]

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, IfNoneMatch: str, **_: Any) -> None:  # noqa: N803
        assert (Bucket, IfNoneMatch) == (self.bucket, "*")
        if Key in self.objects:
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": "exists"}}, "PutObject")
        self.objects[Key] = Body

    def head_object(self, *, Bucket: str, Key: str, ChecksumMode: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, Key in self.objects, ChecksumMode) == (self.bucket, True, "ENABLED")
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Bucket == self.bucket
        if Key.endswith("/evaluation/evaluation.json"):
            return {"Body": io.BytesIO(json.dumps(EVALUATION).encode())}
        return {"Body": io.BytesIO(self.objects[Key])}


class FakeParameters:
    """The parameters that the platform publishes in an account."""

    def __init__(self, environment: str) -> None:
        path = f"/mlops/analytics/{environment}"
        self.values = {
            f"{path}/encryption/data-key-arn": f"arn:aws:kms:eu-west-1:111111111111:key/{environment}",
            f"{path}/network/private-subnet-ids": f"subnet-{environment}1,subnet-{environment}2",
            f"{path}/network/workload-security-group-id": f"sg-{environment}",
        }

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"Parameter": {"Value": self.values[Name]}}


@dataclass
class FakeRelease:
    """The release function of an account."""

    environment: str
    requests: Requests
    managers: tuple[str, ...] = ()
    """Logins of those who may let jobs in; empty where nobody has to."""
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def invoke(self, *, FunctionName: str, Qualifier: str, Payload: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Answer as the function does, before anything in the account is changed."""
        assert (FunctionName, Qualifier) == (f"analytics-{self.environment}-model-release", "abalone-p-abcdefghijkl")
        question = json.loads(Payload)
        self.asked.append({**question, "changes": len(self.requests.changes)})
        others = set(question["released_by"]) - set(self.managers)
        refused = self.managers and (others or not question["released_by"])
        answer = {"refused": f"{question['released_by']} may not"} if refused else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@dataclass
class Account:
    """An account."""

    environment: str
    bucket: str
    requests: Requests = field(default_factory=Requests)

    def __post_init__(self) -> None:
        self.sagemaker = FakeVersions(self.requests)
        self.sagemaker.steps = [{"StepName": "Evaluate", "StepStatus": "Succeeded"}]
        self.scheduler = FakeScheduler(self.requests, f"analytics-{self.environment}-p-abcdefghijkl")
        self.s3 = FakeS3(self.bucket)
        self.parameters = FakeParameters(self.environment)
        self.release = FakeRelease(self.environment, self.requests)

    def client(self, service: str, region: str, **_: Any) -> Any:
        """Return a client of the account, as the credentials of its workflow role give; nobody releases to dev."""
        assert region == "eu-west-1"
        return {
            "s3": self.s3,
            "sagemaker": self.sagemaker.client,
            "scheduler": self.scheduler.client,
            "ssm": self.parameters,
            **({} if self.environment == "dev" else {"lambda": self.release}),
        }[service]


def accounts() -> dict[str, Account]:
    """Return an account for each environment."""
    numbers = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}
    return {name: Account(name, f"analytics-{name}-p-abcdefghijkl-{numbers[name]}-eu-west-1") for name in ENVIRONMENTS}
