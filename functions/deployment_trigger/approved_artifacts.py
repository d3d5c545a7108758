"""Artifacts of approved packages, frozen in the projects' buckets where only this function writes."""

import functools
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from functions.deployment_trigger.errors import NotStartedError, RefusedError
from functions.deployment_trigger.package import Candidate, artifact_key
from functions.shared import aws_clients
from functions.shared.model_specification import METADATA

COPY_SECONDS = 200.0
"""Seconds that S3 may take to copy an artifact: the function's timeout, less the rest of its work."""
_LARGEST_COPY_BYTES = 5 * 1024**3
"""Source: Amazon S3 API Reference, CopyObject."""
_MISSING = ("404", "403", "NoSuchKey", "AccessDenied")
"""S3 answers 403 for an object that does not exist, to a caller that may not list the bucket there."""


def _copying_client() -> Any:
    return aws_clients.patient_client("s3", COPY_SECONDS)


def _never_overwrite(params: Any, **_: object) -> None:
    """Add the header of `IfNoneMatch="*"`, which S3 knows, but not every botocore that the Lambda runtime may have.

    Source: Amazon S3 API Reference, CopyObject; botocore 1.40.60 refuses the parameter as unknown.
    """
    params["headers"]["If-None-Match"] = "*"


class ApprovedArtifacts:
    """Copies of what was approved."""

    def __init__(self, s3: Any, copying_client: Callable[[], Any] = _copying_client) -> None:
        self._s3 = s3
        self._copying_client = copying_client

    @functools.cached_property
    def _copying_s3(self) -> Any:
        """Made for the first copy: most requests of a process need none."""
        client = self._copying_client()
        client.meta.events.register("before-call.s3.CopyObject", _never_overwrite)
        return client

    def freeze(self, candidate: Candidate) -> None:
        """Copy the package's artifact, once, to a key that no other role writes, with S3's own SHA-256.

        Raises:
            RefusedError: the artifact is missing, too large, or not the project's.
            NotStartedError: another request, or an earlier attempt, is still copying it.
        """
        bucket, arn = candidate.project.bucket, candidate.package.arn
        source = artifact_key(candidate)
        target = f"approved/{candidate.approval.version}/model.tar.gz"
        etag = self._source_etag(bucket, source)
        try:
            self._copying_s3.copy_object(
                Bucket=bucket,
                Key=target,
                CopySource={"Bucket": bucket, "Key": source},
                CopySourceIfMatch=etag,
                ChecksumAlgorithm="SHA256",
                MetadataDirective="REPLACE",
                Metadata={"model-package-arn": arn, METADATA: candidate.package.specifications[0]},
                TaggingDirective="REPLACE",
            )
        except ClientError as error:
            # Source: Amazon S3 API Reference, CopyObject, If-None-Match.
            if aws_clients.code(error) == "ConditionalRequestConflict":
                raise NotStartedError(
                    f"s3://{bucket}/{target} is being copied by another request; the next attempt finds the copy"
                ) from None
            if aws_clients.code(error) != "PreconditionFailed":
                raise
            self._require_same(bucket, target, candidate, error)

    def _source_etag(self, bucket: str, source: str) -> str:
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
        return found["ETag"]

    def _require_same(self, bucket: str, target: str, candidate: Candidate, failure: ClientError) -> None:
        try:
            kept = self._s3.head_object(Bucket=bucket, Key=target)
        except ClientError as error:
            if aws_clients.code(error) in _MISSING:
                # The precondition that failed was the source's: it changed since its ETag was read.
                raise failure from None
            raise
        metadata = kept["Metadata"]
        if metadata.get("model-package-arn") != candidate.package.arn:
            raise RefusedError(f"s3://{bucket}/{target} holds the artifact of another model package") from None
        # Compatibility: what was frozen before specifications were noted has none.
        if metadata.get(METADATA, candidate.package.specifications[0]) != candidate.package.specifications[0]:
            raise RefusedError("it was changed since it was approved first: register it as a new version") from None
