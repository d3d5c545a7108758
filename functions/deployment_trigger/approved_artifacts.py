"""Artifacts of approved packages, frozen in the projects' buckets where only this function writes."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from functions.deployment_trigger.errors import NotEvaluatedError, NotStartedError, RefusedError
from functions.deployment_trigger.package import Candidate, artifact_key, only_container
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
    """Copies of what was approved."""

    def __init__(self, s3: Any, copying_client: Callable[[], Any] = _copying_client) -> None:
        self._copies = WriteOnceCopies(s3, copying_client)

    def freeze(self, candidate: Candidate) -> None:
        """Copy the package's artifact, once, to a key that no other role writes, if it is the one that was evaluated.

        Raises:
            RefusedError: the artifact is missing, too large, or not the project's, or nothing says which was evaluated.
            NotEvaluatedError: it is not the one that was evaluated.
            NotStartedError: another request, or an earlier attempt, is still copying it.
        """
        package, bucket = candidate.package, candidate.project.bucket
        container = only_container(package)
        key = artifact_key(container, bucket)
        try:
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

    def _freeze(self, key: str, target: Target) -> None:
        kept = self._copies.existing(target, UNREADABLE)
        if kept is None:
            self._copy(self._source(target.bucket, key), target)
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

    def _source(self, bucket: str, key: str) -> Source:
        found = self._copies.head(bucket, key, UNREADABLE)
        if found is None:
            raise RefusedError(f"its artifact s3://{bucket}/{key} is not there, or cannot be read")
        if found["ContentLength"] > LARGEST_BYTES:
            raise RefusedError(
                f"its artifact s3://{bucket}/{key} has {found['ContentLength']} bytes; S3 copies up to "
                f"{LARGEST_BYTES} in one piece, which a digest of the whole needs"
            )
        return Source(bucket=bucket, key=key, etag=found["ETag"])


def _require_same(kept: Any, target: Target) -> None:
    metadata = kept["Metadata"]
    if metadata.get("model-package-arn") != target.metadata["model-package-arn"]:
        raise RefusedError(f"{target.uri} holds the artifact of another model package")
    # Compatibility: what was frozen before specifications were noted has none.
    if metadata.get(METADATA, target.metadata[METADATA]) != target.metadata[METADATA]:
        raise RefusedError("it was changed since it was approved first: register it as a new version")
