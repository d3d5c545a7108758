"""Artifacts of approved packages and reports of their evaluation, frozen in the projects' buckets where only this function writes."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from functions.deployment_trigger.errors import NotEvaluatedError, NotStartedError, RefusedError
from functions.deployment_trigger.package import (
    Candidate,
    artifact_key,
    only_container,
    report_key,
    require_one_execution,
)
from functions.deployment_trigger.reports import Report
from functions.shared import aws_clients
from functions.shared.evidence import EvidenceError, NoEvidenceError, evaluated_artifact
from functions.shared.model_specification import METADATA, specification_digest
from functions.shared.write_once_copy import (
    CONFLICT,
    LARGEST_BYTES,
    UNREADABLE,
    AnotherArtifactError,
    Source,
    Target,
    WriteOnceCopies,
)

COPY_SECONDS = 200.0
"""Seconds that S3 may take to copy an artifact: the function's timeout, less the rest of its work."""


def _copying_client() -> Any:
    return aws_clients.patient_client("s3", COPY_SECONDS)


class ApprovedArtifacts:
    """Copies of what was approved, and of what was read before."""

    def __init__(self, s3: Any, copying_client: Callable[[], Any] = _copying_client) -> None:
        self._copies = WriteOnceCopies(s3, copying_client)

    def freeze(self, candidate: Candidate) -> None:
        """Copy the package's reports and artifact, once, to keys that no other role writes, if they are those of its evaluation.

        The artifact comes last: what has none there is released nowhere.

        Raises:
            RefusedError: one is missing, too large, or not the project's, or nothing says what was evaluated.
            NotEvaluatedError: one is not what was evaluated, or a report was written after the version was registered.
            NotStartedError: another request, or an earlier attempt, is still copying.
        """
        package, bucket = candidate.package, candidate.project.bucket
        container = only_container(package)
        key = artifact_key(container, bucket)
        reports = [(report_key(each, bucket), each) for each in package.reports]
        require_one_execution([key, *(place for place, _ in reports)])
        try:
            for place, report in reports:
                self._freeze_report(report, place, candidate)
            target = Target(
                bucket=bucket,
                key=f"approved/{candidate.approval.version}/model.tar.gz",
                sha256=evaluated_artifact(package.evidence, container),
                metadata={"model-package-arn": package.arn, METADATA: specification_digest(container)},
            )
            self._freeze(key, target)
        except NoEvidenceError as error:
            raise RefusedError(str(error)) from None
        except (AnotherArtifactError, EvidenceError) as error:
            raise NotEvaluatedError(f"{package.arn} is not deployed: {error}") from None

    def _freeze_report(self, report: Report, key: str, candidate: Candidate) -> None:
        package, bucket = candidate.package, candidate.project.bucket
        source = self._source(bucket, key, "report")
        # One that was replaced, and put back later, is what was registered again. S3 alone sets this time.
        if source.modified > package.registered_at:
            raise AnotherArtifactError(
                f"its report {source.uri} was written at {source.modified:%Y-%m-%d %H:%M:%S %Z}, after the version was registered: "
                "you may have read another one; train again, and approve the new version"
            )
        target = Target(
            bucket=bucket,
            key=f"approved/{candidate.approval.version}/reports/{report.name}/{key.rpartition('/')[2]}",
            sha256=report.sha256,
            metadata={"model-package-arn": package.arn},
            what="report",
        )
        if self._copies.existing(target, UNREADABLE) is None:
            self._copy(source, target)

    def _freeze(self, key: str, target: Target) -> None:
        kept = self._copies.existing(target, UNREADABLE)
        if kept is None:
            self._copy(self._source(target.bucket, key, "artifact"), target)
        # What another request has frozen meanwhile is looked at like what lay there before.
        _require_same(kept or self._copies.existing(target, UNREADABLE), target)

    def _copy(self, source: Source, target: Target) -> None:
        try:
            self._copies.copy(source, target, UNREADABLE)
        except ClientError as error:
            if aws_clients.code(error) != CONFLICT:
                raise
            raise NotStartedError(
                f"{target.uri} is being copied by another request; the next attempt finds the copy"
            ) from None

    def _source(self, bucket: str, key: str, what: str) -> Source:
        found = self._copies.head(bucket, key, UNREADABLE)
        if found is None:
            raise RefusedError(f"its {what} s3://{bucket}/{key} is not there, or cannot be read")
        if found["ContentLength"] > LARGEST_BYTES:
            raise RefusedError(
                f"its {what} s3://{bucket}/{key} has {found['ContentLength']} bytes; S3 copies up to "
                f"{LARGEST_BYTES} in one piece, which a digest of the whole needs"
            )
        return Source(bucket=bucket, key=key, etag=found["ETag"], modified=found["LastModified"])


def _require_same(kept: Any, target: Target) -> None:
    metadata = kept["Metadata"]
    if metadata.get("model-package-arn") != target.metadata["model-package-arn"]:
        raise RefusedError(f"{target.uri} holds the artifact of another model package")
    # Compatibility: what was frozen before specifications were noted has none.
    if metadata.get(METADATA, target.metadata[METADATA]) != target.metadata[METADATA]:
        raise RefusedError("it was changed since it was approved first: register it as a new version")
