"""The little of AWS that a deployment needs: the registry, the projects, and their buckets."""

import functools
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from functions.deployment_trigger.errors import NotStartedError, RefusedError
from functions.deployment_trigger.notice import Settings
from functions.deployment_trigger.package import Approval, Candidate, ModelPackage, Project, artifact_key
from functions.deployment_trigger.records import FOLDER, Record, StoredRecord, approval_of, key
from functions.shared import aws_clients

_LOOKED_AT = 25
"""Newest approved versions of a group among which the sweep looks for lost events."""
_LARGEST_COPY_BYTES = 5 * 1024**3
"""Source: Amazon S3 API Reference, CopyObject."""
COPY_SECONDS = 200.0
"""How long S3 may take to copy an artifact: what the function's own time leaves beside the rest of its work."""
_ATTEMPTS = 3
_PARAMETER = re.compile(r".*/(?P<project>p-[a-z0-9]{12})/deployment-repository")
_MISSING = ("404", "403", "NoSuchKey", "AccessDenied")
"""S3 says 403 for an object that is not there, to whoever may not list where it would be."""


class ModelRegistry:
    """SageMaker's model registry."""

    def __init__(self, sagemaker: Any = None) -> None:
        self._sagemaker = sagemaker or aws_clients.client("sagemaker")

    def describe(self, arn: str) -> ModelPackage | None:
        """The model package; None when it was deleted."""
        try:
            found = self._sagemaker.describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        modified: datetime = found.get("LastModifiedTime") or found["CreationTime"]
        containers: Sequence[Mapping[str, str]] = found.get("InferenceSpecification", {}).get("Containers", [])
        return ModelPackage(
            arn=found["ModelPackageArn"],
            status=found["ModelPackageStatus"],
            approval_status=found.get("ModelApprovalStatus", "PendingManualApproval"),
            modified_at=round(modified.timestamp() * 1000),
            artifacts=tuple(container.get("ModelDataUrl", "") for container in containers),
        )

    def newest_approved(self, group: str) -> Sequence[str]:
        """ARNs of the newest approved versions of the group; none when there is no such group any more."""
        try:
            found = self._sagemaker.list_model_packages(
                ModelPackageGroupName=group,
                ModelApprovalStatus="Approved",
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=_LOOKED_AT,
            )
        except ClientError as error:
            if "does not exist" in str(error):
                return []
            raise
        return [package["ModelPackageArn"] for package in found["ModelPackageSummaryList"]]


class ProjectParameters:
    """Projects as parameters of Systems Manager: each names its deployment repository."""

    def __init__(self, settings: Settings, ssm: Any = None) -> None:
        self._settings = settings
        self._ssm = ssm or aws_clients.client("ssm")

    def find(self, project_id: str) -> Project | None:
        """The project; None when it has no deployment repository."""
        name = f"{self._settings.parameter_path}/projects/{project_id}/deployment-repository"
        repository = aws_clients.parameter(self._ssm, name)
        return None if repository is None else self._project(project_id, repository)

    def all(self) -> Sequence[Project]:
        """Every project that has a deployment repository."""
        pages = self._ssm.get_paginator("get_parameters_by_path").paginate(
            Path=f"{self._settings.parameter_path}/projects", Recursive=True
        )
        found = [
            (_PARAMETER.fullmatch(parameter["Name"]), parameter["Value"])
            for page in pages
            for parameter in page["Parameters"]
        ]
        return [self._project(match["project"], value) for match, value in found if match is not None]

    def _project(self, project_id: str, repository: str) -> Project:
        settings = self._settings
        bucket = f"{settings.prefix}-{project_id}-{settings.account_id}-{settings.region}"
        return Project(project_id=project_id, repository=repository, bucket=bucket)


class ProjectBuckets:
    """What is kept in the buckets of projects, where nobody else may write it: approved artifacts, and records."""

    def __init__(self, s3: Any = None) -> None:
        self._given = s3
        self._s3 = s3 or aws_clients.client("s3")

    @functools.cached_property
    def _copying_s3(self) -> Any:
        """Made for the first copy: most requests of a process need none."""
        return self._given or aws_clients.patient_client("s3", COPY_SECONDS)

    def create_record(self, bucket: str, approval: Approval, record: Record) -> StoredRecord | None:
        """Write the approval's first record; None when it has one."""
        return self._put(bucket, approval, record, IfNoneMatch="*")

    def replace_record(
        self, bucket: str, approval: Approval, found: StoredRecord, record: Record
    ) -> StoredRecord | None:
        """Write the record over the one that was found; None when somebody else has."""
        return self._put(bucket, approval, record, IfMatch=found.etag)

    def read_record(self, bucket: str, approval: Approval) -> StoredRecord:
        """The record of an approval that has one."""
        answer = self._s3.get_object(Bucket=bucket, Key=key(approval))
        return StoredRecord(record=Record.from_json(answer["Body"].read().decode()), etag=answer["ETag"])

    def approvals(self, bucket: str) -> Sequence[Approval]:
        """Every approval that has a record, the newest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=FOLDER)
        found = [approval_of(item["Key"]) for page in pages for item in page.get("Contents", [])]
        return sorted((each for each in found if each is not None), key=lambda each: each.at, reverse=True)

    def freeze(self, candidate: Candidate) -> None:
        """Copy the package's artifact to where nobody can change it, with S3's own SHA-256; once.

        Raises:
            RefusedError: the artifact is missing, too large, or not the project's.
            NotStartedError: it is being copied by somebody else, or still by an earlier attempt.
        """
        bucket, arn = candidate.project.bucket, candidate.package.arn
        source = artifact_key(candidate)
        target = f"approved/{candidate.approval.version}/model.tar.gz"
        try:
            found = self._s3.head_object(Bucket=bucket, Key=source)
        except ClientError as error:
            if aws_clients.code(error) in _MISSING:
                raise RefusedError(f"its artifact s3://{bucket}/{source} is not there, or cannot be read") from None
            raise
        if found["ContentLength"] > _LARGEST_COPY_BYTES:
            raise RefusedError(
                f"its artifact s3://{bucket}/{source} has {found['ContentLength']} bytes; S3 copies up to "
                f"{_LARGEST_COPY_BYTES} in one piece, which a digest of the whole needs"
            )
        try:
            self._copying_s3.copy_object(
                Bucket=bucket,
                Key=target,
                CopySource={"Bucket": bucket, "Key": source},
                CopySourceIfMatch=found["ETag"],
                ChecksumAlgorithm="SHA256",
                MetadataDirective="REPLACE",
                Metadata={"model-package-arn": arn},
                TaggingDirective="REPLACE",
                IfNoneMatch="*",
            )
        except ClientError as error:
            # Source: Amazon S3 API Reference, CopyObject, If-None-Match.
            if aws_clients.code(error) == "ConditionalRequestConflict":
                raise NotStartedError(
                    f"s3://{bucket}/{target} is being copied by another request; whoever tries again finds the copy"
                ) from None
            if aws_clients.code(error) != "PreconditionFailed":
                raise
            self._require_same(bucket, target, arn, error)

    def _require_same(self, bucket: str, target: str, arn: str, failure: ClientError) -> None:
        try:
            kept = self._s3.head_object(Bucket=bucket, Key=target)
        except ClientError as error:
            if aws_clients.code(error) in _MISSING:
                # It was the source that changed since it was looked at.
                raise failure from None
            raise
        if kept["Metadata"].get("model-package-arn") != arn:
            raise RefusedError(f"s3://{bucket}/{target} holds the artifact of another model package") from None

    def _put(self, bucket: str, approval: Approval, record: Record, **condition: str) -> StoredRecord | None:
        attempts = 0
        while True:
            try:
                answer = self._s3.put_object(
                    Bucket=bucket,
                    Key=key(approval),
                    Body=record.to_json().encode(),
                    ContentType="application/json",
                    **condition,
                )
            except ClientError as error:
                attempts += 1
                if aws_clients.code(error) == "PreconditionFailed":
                    return None
                # Two requests met; whether this one would have been first shows when it is repeated.
                if aws_clients.code(error) != "ConditionalRequestConflict" or attempts == _ATTEMPTS:
                    raise
            else:
                return StoredRecord(record=record, etag=answer["ETag"])
