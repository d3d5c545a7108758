"""The services of AWS that every deployment uses, in memory; they answer as AWS documents, refusals included."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_platform.project import aws
from mlops_platform.release import bounds, project, release_function
from mlops_platform.release.testing.example import PROJECT, model_name

DATA_KEY = "arn:aws:kms:eu-west-1:222222222222:key/1"
"""Key of the project's data in the account."""


def refusal(operation: str, code: str, message: str, **more: Any) -> ClientError:
    """Return the error that boto3 raises when AWS refuses."""
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(response, operation)


@dataclass
class FakeRelease:
    """The release function of the account, with the versions that it releases."""

    versions: dict[int, str] = field(default_factory=dict[int, str])
    """The reason of its refusal by version; empty for one that it releases."""
    released: list[int] = field(default_factory=list[int])
    error: str = ""
    """Message of the exception that it raises."""
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Everything that it was invoked with."""
    noted: Mapping[str, object] = field(default_factory=dict[str, object])
    """Its answer to what is served by now: nothing unless the account is production."""
    former: tuple[str, ...] = ()
    """Logins of those who may let nothing in any more."""

    def invoke(self, *, FunctionName: str, Qualifier: str, Payload: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Answer as the function does."""
        preprod = PROJECT.environments["preprod"]
        assert (FunctionName, Qualifier) == (preprod.release_function, PROJECT.package_group)
        question = json.loads(Payload)
        self.asked.append(question)
        if set(question["released_by"]) & set(self.former):
            return self._answer({"refused": f"{question['released_by']} may not"})
        if question.get("action") == "retire":
            return self._answer({})
        if question.get("action") in ("serves", "retired"):
            return self._answer(self.noted)
        version = question["version"]
        if self.error:
            return self._answer({"errorType": "ClientError", "errorMessage": self.error}, FunctionError="Unhandled")
        if refused := self.versions.get(version, "it does not exist"):
            return self._answer({"refused": refused})
        self.released.append(version)
        return self._answer(
            {
                "model_name": model_name("preprod", version),
                "model_package_arn": PROJECT.package_arn(version),
                "artifact_uri": f"s3://{preprod.artifacts_bucket}/approved/{PROJECT.id}/{version}/model.tar.gz",
                "sha256": f"{version:064x}",
            }
        )

    @staticmethod
    def _answer(content: Mapping[str, object], **more: str) -> dict[str, Any]:
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(content).encode()), **more}


@dataclass
class FakeS3:
    """Objects, by bucket and key."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict[tuple[str, str], bytes])

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Return the keys that begin with a prefix."""
        found = [
            {"Key": key, "LastModified": datetime(2026, 11, 22, 12, 0, tzinfo=UTC)}
            for bucket, key in self.objects
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
class FakeSsm:
    """The parameters that the platform publishes in the account."""

    instance_types: str = "ml.m5.large,ml.m5.xlarge,ml.c5.xlarge"
    """Types of instances that endpoints, and the jobs of batches, may run on."""

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """Return a parameter."""
        values = {
            **{f"{running}/instance-types": self.instance_types for running in bounds.SETTINGS},
            "encryption/data-key-arn": DATA_KEY,
        }
        path = PROJECT.environments["preprod"].parameter_path
        return {"Parameter": {"Value": values[Name.removeprefix(f"{path}/")]}}


@dataclass
class FakeAws:
    """The services that the commands of a deployment repository use; a repository adds its own."""

    release: FakeRelease = field(default_factory=FakeRelease)
    s3: FakeS3 = field(default_factory=FakeS3)
    sts: FakeSts = field(default_factory=FakeSts)
    ssm: FakeSsm = field(default_factory=FakeSsm)

    @property
    def services(self) -> Mapping[str, Any]:
        """The clients, by the names that boto3 gives them."""
        return {"lambda": self.release, "s3": self.s3, "ssm": self.ssm, "sts": self.sts}

    def client(self, service: str, region: str, *, attempts: int = 8, read_timeout_seconds: float = 60) -> Any:
        """Return a client, as `mlops_platform.project.aws.client` does."""
        assert region == PROJECT.region
        # A function that is still at work is not invoked once more and again.
        assert (service == "lambda") == ((attempts, read_timeout_seconds) == (2, release_function.SECONDS))
        return self.services[service]

    def approve(self, *versions: int) -> None:
        """Let the release function release versions of the example's model."""
        self.release.versions |= dict.fromkeys(versions, "")

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the commands use these services, for the example project and outside of a workflow."""
        monkeypatch.setattr(aws, "client", self.client)
        monkeypatch.setattr(project, "read", lambda: PROJECT)
        for name in ("GITHUB_STEP_SUMMARY", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.delenv(name, raising=False)
