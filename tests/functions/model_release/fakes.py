"""A registry, buckets and models in memory, behind boto3's interface: they answer as AWS documents, refusals included."""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from functions.model_release.artifacts import Artifacts
from functions.model_release.models import Models
from functions.model_release.project import Project
from functions.model_release.records import Records
from functions.model_release.registry import ModelRegistry
from functions.model_release.releaser import Released, Releaser
from functions.model_release.settings import Settings
from functions.shared.evidence import CONTAINER as CONTAINER_SHA256
from functions.shared.evidence import MODEL, container_digest
from functions.shared.model_specification import specification_digest

SETTINGS = Settings(
    account_id="333333333333",
    region="eu-west-1",
    prefix="analytics-prod",
    artifacts_bucket="analytics-prod-artifacts-333333333333-eu-west-1",
    subnet_ids=("subnet-1", "subnet-2"),
    security_group_id="sg-1",
    development_account_id="111111111111",
    development_prefix="analytics-dev",
    approver_role="analytics-dev-lead-data-scientist",
    life_cycle_role="analytics-dev-model-life-cycle",
    approvers=(),
)
PROJECT = Project(name="abalone", id="p-abcdefghijkl")
FROZEN = "analytics-dev-p-abcdefghijkl-111111111111-eu-west-1"
BUCKET = SETTINGS.artifacts_bucket
KEY = "approved/p-abcdefghijkl/3/model.tar.gz"
RECORD = "approved/p-abcdefghijkl/3.json"
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0"
CONTAINER: Mapping[str, Any] = {
    "Image": IMAGE,
    "ModelDataUrl": f"s3://{FROZEN}/pipelines/run/output/model.tar.gz",
    "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
}
LEAD = "arn:aws:sts::111111111111:assumed-role/analytics-dev-lead-data-scientist/SageMaker"
NOTED = "arn:aws:sts::111111111111:assumed-role/analytics-dev-model-life-cycle/analytics-dev-model-life-cycle"
"""Session of the role that notes what production serves."""
GRACE = {
    "DomainId": "d-abcdefghijkl",
    "UserProfileArn": "arn:aws:sagemaker:eu-west-1:111111111111:user-profile/d-abcdefghijkl/grace",
    "UserProfileName": "grace",
}
"""The user profile in whose app something was done, as SageMaker tells it."""
BODY = b"the model"
LIFE_CYCLE = "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-model-life-cycle"


def arn(version: int = 3) -> str:
    """ARN of a version."""
    return f"arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl/{version}"


def checksum(body: bytes) -> str:
    """Return a SHA-256 as S3 writes it."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def error(code: str, message: str = "…") -> ClientError:
    """Return an error as boto3 raises it."""
    response: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(response, "Operation")


def evidence(container: Mapping[str, Any] = CONTAINER, body: bytes = BODY) -> dict[str, str]:
    """Evidence that the pipeline registers with a version."""
    return {MODEL: hashlib.sha256(body).hexdigest(), CONTAINER_SHA256: container_digest(container)}


def described(evidence: Mapping[str, str] | None) -> str:
    """Return the description of a version whose pipeline registered this evidence; with none, as pipelines wrote it earlier."""
    said = f"Made from commit abc by the pipeline definition with the SHA-256 {'d' * 64}"
    return (
        f"{said}. Its container has the SHA-256 {evidence[CONTAINER_SHA256]}, its artifact {evidence[MODEL]}"
        if evidence
        else said
    )


def nothing(_: str) -> None:
    """Do nothing before an operation."""


@dataclass
class MemoryS3:
    """Objects of all buckets, and uploads of parts; only the artifacts' bucket tells that an object is missing."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict[tuple[str, str], dict[str, Any]])
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    before: Callable[[str], None] = nothing
    """Called with the name of each operation before it is done."""
    done: list[str] = field(default_factory=list[str])
    damaged: bool = False
    """Parts have other bytes than their source."""

    def put(self, bucket: str, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """Store an object as one request does."""
        self.objects[bucket, key] = {
            "Body": body,
            "ChecksumSHA256": checksum(body),
            "ContentLength": len(body),
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:8]}"',
            "LastModified": datetime(2026, 11, 30, tzinfo=UTC),
            "Metadata": dict(metadata or {}),
        }

    def head_object(self, **place: str) -> dict[str, Any]:
        self._begin("head_object")
        assert place["ChecksumMode"] == "ENABLED"
        return self._find(place["Bucket"], place["Key"], "404", "403")

    def get_object(self, **place: str) -> dict[str, Any]:
        self._begin("get_object")
        found = self._find(place["Bucket"], place["Key"], "NoSuchKey", "AccessDenied")
        return {**found, "Body": io.BytesIO(found["Body"])}

    def put_object(self, **request: Any) -> None:
        self._begin("put_object")
        self._require_none(request)
        self.put(request["Bucket"], request["Key"], request["Body"])

    def create_multipart_upload(self, **request: Any) -> dict[str, str]:
        self._begin("create_multipart_upload")
        assert request["ChecksumAlgorithm"] == "SHA256"
        upload = f"upload-{len(self.done)}"
        self.uploads[upload] = dict(request)
        return {"UploadId": upload}

    def upload_part_copy(self, **request: Any) -> dict[str, Any]:
        self._begin("upload_part_copy")
        source = self.objects[request["CopySource"]["Bucket"], request["CopySource"]["Key"]]
        if source["ETag"] != request["CopySourceIfMatch"]:
            raise error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        body = b"damaged" if self.damaged else source["Body"]
        self.uploads[request["UploadId"]]["Parts"] = [body]
        return {"CopyPartResult": {"ETag": '"part"', "ChecksumSHA256": checksum(body)}}

    def complete_multipart_upload(self, **request: Any) -> None:
        self._begin("complete_multipart_upload")
        self._require_none(request)
        upload = self.uploads.pop(request["UploadId"])
        [part] = request["MultipartUpload"]["Parts"]
        [body] = upload["Parts"]
        assert part == {"PartNumber": 1, "ETag": '"part"', "ChecksumSHA256": checksum(body)}
        self.put(request["Bucket"], request["Key"], body, upload["Metadata"])
        of_parts = checksum(hashlib.sha256(body).digest())
        self.objects[request["Bucket"], request["Key"]]["ChecksumSHA256"] = f"{of_parts}-1"

    def abort_multipart_upload(self, **request: str) -> None:
        self._begin("abort_multipart_upload")
        self.uploads.pop(request["UploadId"])

    def _find(self, bucket: str, key: str, missing: str, hidden: str) -> dict[str, Any]:
        if (bucket, key) not in self.objects:
            raise error(missing if bucket == BUCKET else hidden)
        return self.objects[bucket, key]

    def _require_none(self, request: Mapping[str, Any]) -> None:
        # The bucket's policy refuses a request without the condition.
        if request.get("IfNoneMatch") != "*":
            raise error("AccessDenied")
        if (request["Bucket"], request["Key"]) in self.objects:
            raise error("PreconditionFailed")

    def _begin(self, operation: str) -> None:
        self.before(operation)
        self.done.append(operation)


@dataclass
class MemorySageMaker:
    """The registry of one account, and the models of another."""

    packages: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    models: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    failure: ClientError | None = None
    """Answer to the next requests about packages."""
    refused: str = ""
    """Reason why SageMaker takes no model."""

    def describe_model_package(self, **request: str) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        name = request["ModelPackageName"]
        if name not in self.packages:
            raise error("ValidationException", f"ModelPackage {name} does not exist.")
        return self.packages[name]

    def create_model(self, **request: Any) -> None:
        name = request["ModelName"]
        if self.refused:
            raise error("ValidationException", self.refused)
        if name in self.models:
            raise error("ValidationException", f'Cannot create already existing model "{name}".')
        self.models[name] = request

    def describe_model(self, **request: str) -> dict[str, Any]:
        return self.models[request["ModelName"]]


@dataclass
class MemoryLambda:
    """Development's function that notes what production serves."""

    answer: Mapping[str, object] = field(default_factory=dict[str, object])
    failed: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def invoke(self, **request: Any) -> dict[str, Any]:
        assert request["FunctionName"] == LIFE_CYCLE
        self.asked.append(json.loads(request["Payload"]))
        more = {"FunctionError": "Unhandled"} if self.failed else {}
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode()), **more}


@dataclass
class Fakes:
    """Version 3 of a project's model, which is approved and frozen, and all that releases it."""

    s3: MemoryS3 = field(default_factory=MemoryS3)
    sagemaker: MemorySageMaker = field(default_factory=MemorySageMaker)
    functions: MemoryLambda = field(default_factory=MemoryLambda)

    def __post_init__(self) -> None:
        self.register()
        self.freeze()

    def register(self, version: int = 3, **changes: Any) -> None:
        """Register a version as approved by a lead data scientist, or with `changes`."""
        self.sagemaker.packages[arn(version)] = {
            "ModelPackageArn": arn(version),
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "Approved",
            "LastModifiedBy": {"IamIdentity": {"Arn": LEAD}},
            "InferenceSpecification": {"Containers": [CONTAINER]},
            "ModelPackageDescription": described(evidence()),
            **changes,
        }

    def freeze(self, version: int = 3, body: bytes = BODY, **metadata: str) -> None:
        """Freeze the artifact of a version."""
        known = {"model-package-arn": arn(version), "specification-sha256": specification_digest(CONTAINER)}
        self.s3.put(FROZEN, f"approved/{version}/model.tar.gz", body, {**known, **metadata})

    def release(self, version: int = 3, settings: Settings = SETTINGS) -> Released:
        """Release a version as a new process does."""
        releaser = Releaser(
            settings=settings,
            project=PROJECT,
            registry=ModelRegistry(self.sagemaker),
            artifacts=Artifacts(BUCKET, self.s3, lambda: self.s3),
            records=Records(BUCKET, self.s3),
            models=Models(self.sagemaker),
        )
        return releaser.release(version)
