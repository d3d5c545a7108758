"""Models, configurations and endpoints for tests: models of an image whose server does what `model.json` says."""

import io
import json
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account, allow, trust

IMAGE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/tiny:1"
WITHIN_SECONDS = 180
POLL_SECONDS = 0.05
"""Pause between two looks at an endpoint: every look takes processor time from the process that starts."""

ACTIONS = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "cloudwatch:DescribeAlarms",
]


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a model.tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@dataclass(frozen=True)
class Hosting:
    """Hosting in an account, with a bucket and a role for its models."""

    account: Account
    bucket: str
    role: str

    @classmethod
    def prepare(cls, account: Account, bucket: str) -> "Hosting":
        """Create the bucket and the role."""
        account.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        role = account.role(
            f"{bucket}-model",
            allow(ACTIONS),
            allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*"),
            trust=trust("sagemaker.amazonaws.com"),
        )
        return cls(account, bucket, role)

    def __enter__(self) -> "Hosting":
        return self

    def __exit__(self, *_: object) -> None:
        """Delete everything, so that other tests find neither names taken nor the machine busy."""
        listed = [found["EndpointName"] for found in self.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]]
        for name in listed:
            if self.settled(name)["EndpointStatus"] != "Deleting":
                self.sagemaker.delete_endpoint(EndpointName=name)
        for name in listed:
            self.gone(name)
        for found in self.sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]:
            self.sagemaker.delete_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        for found in self.sagemaker.list_models(MaxResults=100)["Models"]:
            self.sagemaker.delete_model(ModelName=found["ModelName"])

    @property
    def sagemaker(self) -> Any:
        """A client of SageMaker."""
        return self.account.client("sagemaker")

    @property
    def runtime(self) -> Any:
        """A client of SageMaker Runtime."""
        return self.account.client("sagemaker-runtime")

    def model(self, name: str, *, trained: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Create a model that multiplies by the `factor` in `trained`, or does what else that says; return its name."""
        packed = archive({"model.json": json.dumps({"factor": 1, **(trained or {})}).encode()})
        self.account.client("s3").put_object(Bucket=self.bucket, Key=f"{name}/model.tar.gz", Body=packed)
        request = {
            "ModelName": name,
            "ExecutionRoleArn": self.role,
            "PrimaryContainer": {
                "Image": IMAGE,
                "ModelDataUrl": f"s3://{self.bucket}/{name}/model.tar.gz",
            },
        }
        self.sagemaker.create_model(**(request | changes))
        return name

    def configuration(self, name: str, *models: str, shadow: str | None = None, **changes: Any) -> str:
        """Create an endpoint configuration with a variant for each model, named like it; return its name."""
        extra = {"ShadowProductionVariants": [variant(shadow)]} if shadow else {}
        production = [variant(model) for model in models]
        request = {"EndpointConfigName": name, "ProductionVariants": production} | extra | changes
        self.sagemaker.create_endpoint_config(**request)
        return name

    def endpoint(self, name: str, configuration: str) -> dict[str, Any]:
        """Create an endpoint and wait until it is in service; return its description."""
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=configuration)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        """Wait until an endpoint is neither creating nor updating; return its description."""
        moving = ("Creating", "Updating", "RollingBack")
        return self.wait_until(name, lambda found: found["EndpointStatus"] not in moving)

    def wait_until(self, name: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until an endpoint fulfils a condition; return its description."""
        deadline = time.monotonic() + WITHIN_SECONDS
        found: dict[str, Any] = {}
        while time.monotonic() < deadline:
            found = self.sagemaker.describe_endpoint(EndpointName=name)
            if condition(found):
                return found
            time.sleep(POLL_SECONDS)
        pytest.fail(f"{name} stayed {found}")

    def gone(self, name: str) -> None:
        """Wait until an endpoint is deleted."""
        not_found = self.sagemaker.exceptions.ClientError

        def is_gone() -> bool:
            try:
                self.sagemaker.describe_endpoint(EndpointName=name)
            except not_found:
                return True
            return False

        self.wait_for(is_gone)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail("it did not happen")
            time.sleep(POLL_SECONDS)

    def invoke(self, name: str, body: str = "1,2", **changes: Any) -> Any:
        """Invoke an endpoint; return its answer."""
        request = {"EndpointName": name, "ContentType": "text/csv", "Accept": "text/csv", "Body": body}
        return self.runtime.invoke_endpoint(**(request | changes))

    def number(self, name: str, **changes: Any) -> float:
        """Invoke an endpoint; return the number that it answers."""
        return float(self.invoke(name, **changes)["Body"].read())


def response(refused: pytest.ExceptionInfo[ClientError]) -> dict[str, Any]:
    """Return the answer of AWS to a call that it refused."""
    return dict(refused.value.response)


def variant(model: str, **changes: Any) -> dict[str, Any]:
    """Return a production variant named like its model."""
    return {
        "VariantName": model,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
        **changes,
    }
