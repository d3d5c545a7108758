"""The services of AWS that every deployment uses, in memory; they answer as AWS documents, refusals included."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_platform.project import aws
from mlops_platform.release import project
from mlops_platform.release.testing.example import PROJECT, package


def refusal(operation: str, code: str, message: str, **more: Any) -> ClientError:
    """Return the error that boto3 raises when AWS refuses."""
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(response, operation)


@dataclass
class FakeModelRegistry:
    """SageMaker's model packages."""

    packages: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """Return the package with this ARN."""
        if ModelPackageName not in self.packages:
            message = f"ModelPackage {ModelPackageName} does not exist."
            raise refusal("DescribeModelPackage", "ValidationException", message)
        return self.packages[ModelPackageName]


@dataclass
class FakeS3:
    """Objects with checksums, by bucket and key."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict[tuple[str, str], dict[str, Any]])
    copies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    missing: str = "404"
    """Code of the answer for a missing key; S3 answers 403 to a role that may not list the bucket."""
    damaged: bool = False
    """Copies have another checksum than their source."""

    def put(self, bucket: str, key: str, body: bytes, metadata: dict[str, str] | None = None) -> str:
        """Store an object, and return its checksum."""
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
        """Return an object's headers."""
        assert ChecksumMode == "ENABLED"
        if (Bucket, Key) not in self.objects:
            raise refusal("HeadObject", self.missing, "Not Found")
        return self.objects[Bucket, Key]

    def copy_object(self, *, Bucket: str, Key: str, **arguments: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Copy an object if it is still the one that was checked."""
        self.copies.append({"Bucket": Bucket, "Key": Key, **arguments})
        source = self.objects[arguments["CopySource"]["Bucket"], arguments["CopySource"]["Key"]]
        if source["ETag"] != arguments["CopySourceIfMatch"]:
            raise refusal("CopyObject", "PreconditionFailed", "At least one of the pre-conditions did not hold")
        self.objects[Bucket, Key] = {**source, **({"ChecksumSHA256": "d3Jvbmc="} if self.damaged else {})}
        return {"CopyObjectResult": {"ChecksumSHA256": self.objects[Bucket, Key]["ChecksumSHA256"]}}

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Return the keys that begin with a prefix."""
        found = [
            {"Key": key, "LastModified": content["LastModified"]}
            for (bucket, key), content in self.objects.items()
            if bucket == Bucket and key.startswith(Prefix)
        ]
        return {"Contents": found} if found else {}

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's names
        """Remove an object."""
        del self.objects[Bucket, Key]


@dataclass
class FakeSts:
    """The account of the credentials."""

    account: str = PROJECT.environments["preprod"].account_id

    def get_caller_identity(self) -> dict[str, str]:
        """Return the account."""
        return {"Account": self.account}


@dataclass
class FakeAws:
    """The services that the commands of a deployment repository use; a repository adds its own."""

    registry: FakeModelRegistry = field(default_factory=FakeModelRegistry)
    s3: FakeS3 = field(default_factory=FakeS3)
    sts: FakeSts = field(default_factory=FakeSts)

    @property
    def services(self) -> Mapping[str, Any]:
        """The clients, by the names that boto3 gives them."""
        return {"sagemaker": self.registry, "s3": self.s3, "sts": self.sts}

    def client(self, service: str, region: str) -> Any:
        """Return a client, as `mlops_platform.project.aws.client` does."""
        assert region == PROJECT.region
        return self.services[service]

    def approve(self, *versions: int) -> None:
        """Register versions of the example's model as approved, with their artifacts set aside."""
        for version in versions:
            arn = PROJECT.package_arn(version)
            self.registry.packages[arn] = package(version)
            key = f"approved/{version}/model.tar.gz"
            self.s3.put(PROJECT.models_bucket, key, b"model %d" % version, {"model-package-arn": arn})

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the commands use these services, for the example project and outside of a workflow."""
        monkeypatch.setattr(aws, "client", self.client)
        monkeypatch.setattr(project, "read", lambda: PROJECT)
        for name in ("GITHUB_STEP_SUMMARY", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.delenv(name, raising=False)
