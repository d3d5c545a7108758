"""Artifacts of approved versions: frozen in the account that trained them, and copied into this one, once."""

import base64
import contextlib
import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.model_release.errors import RefusedError
from functions.shared import aws_clients
from functions.shared.model_specification import METADATA

COPY_SECONDS = 240.0
"""Seconds that S3 may take to copy an artifact: the function's timeout, less the rest of its work."""
_LARGEST_PART_BYTES = 5 * 1024**3
"""Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits"."""
_MISSING = ("404", "NoSuchKey")
_UNREADABLE = (*_MISSING, "403", "AccessDenied")
"""S3 answers 403 for an object that does not exist, to a caller that may not list the bucket."""
_CONFLICTS = ("PreconditionFailed", "ConditionalRequestConflict")
"""Errors of a completed upload whose key exists, or is being written.

Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
"""


@dataclass(frozen=True, kw_only=True)
class FrozenArtifact:
    """An artifact as the approval froze it."""

    bucket: str
    key: str
    etag: str
    checksum: str
    """SHA-256 of the whole, in Base64."""
    specification: str
    """Digest of the container that was approved; empty for one that was frozen before that was noted."""

    @property
    def sha256(self) -> str:
        """The checksum in hexadecimal digits."""
        return base64.b64decode(self.checksum).hex()


def _copying_client() -> Any:
    return aws_clients.patient_client("s3", COPY_SECONDS)


class Artifacts:
    """Copies of approved artifacts in this account's bucket, where nothing is ever overwritten."""

    def __init__(self, bucket: str, s3: Any, copying_client: Callable[[], Any] = _copying_client) -> None:
        self._bucket = bucket
        self._s3 = s3
        self._copying_client = copying_client

    @functools.cached_property
    def _copying_s3(self) -> Any:
        """Made for the first copy: most requests of a process need none."""
        return self._copying_client()

    def frozen(self, bucket: str, key: str, package_arn: str) -> FrozenArtifact:
        """Return the artifact that the approval of a package froze.

        Raises:
            RefusedError: there is none, or it was frozen for another package, or S3 knows no digest of the whole.
        """
        place = f"s3://{bucket}/{key}"
        found = self._head(bucket, key, _UNREADABLE)
        if found is None:
            raise RefusedError(f"{place} is missing or unreadable: it is frozen when {package_arn} is approved")
        belongs_to = found["Metadata"].get("model-package-arn")
        if belongs_to != package_arn:
            raise RefusedError(f"{place} was frozen for {belongs_to}, not for {package_arn}")
        checksum = found.get("ChecksumSHA256", "")
        if not checksum or "-" in checksum:
            raise RefusedError(f"{place} has no SHA-256 of the whole object")
        if found["ContentLength"] > _LARGEST_PART_BYTES:
            raise RefusedError(
                f"{place} has {found['ContentLength']} bytes; S3 copies up to {_LARGEST_PART_BYTES} in one part, whose "
                "digest is that of the whole"
            )
        return FrozenArtifact(
            bucket=bucket,
            key=key,
            etag=found["ETag"],
            checksum=checksum,
            specification=found["Metadata"].get(METADATA, ""),
        )

    def copy(self, frozen: FrozenArtifact, key: str) -> bool:
        """Copy a frozen artifact to a key of this account's bucket; False when it is there already.

        The upload has one part, so that S3 computes the digest of the whole before the object exists: what differs from
        the frozen one is thrown away. The object appears when the upload is completed, and only if there is none.

        Raises:
            RefusedError: the copy differs, or another object has the key.
        """
        if self._is_there(frozen, key):
            return False
        place = {"Bucket": self._bucket, "Key": key}
        upload: str = self._s3.create_multipart_upload(
            **place, ChecksumAlgorithm="SHA256", Metadata={"sha256": frozen.sha256}
        )["UploadId"]
        try:
            etag = self._copy_whole(frozen, key, upload)
            self._copying_s3.complete_multipart_upload(
                **place,
                UploadId=upload,
                MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag, "ChecksumSHA256": frozen.checksum}]},
                IfNoneMatch="*",
            )
        except (ClientError, RefusedError) as error:
            self._throw_away(key, upload)
            conflicts = isinstance(error, ClientError) and aws_clients.code(error) in _CONFLICTS
            # Another request for the same version was faster.
            if conflicts and self._is_there(frozen, key):
                return False
            raise
        return True

    def _is_there(self, frozen: FrozenArtifact, key: str) -> bool:
        found = self._head(self._bucket, key, _MISSING)
        if found is None:
            return False
        if found.get("ChecksumSHA256") != _checksum_of_upload(frozen.checksum):
            raise RefusedError(
                f"s3://{self._bucket}/{key} holds another artifact than s3://{frozen.bucket}/{frozen.key}: "
                "what was released once is never replaced"
            )
        return True

    def _copy_whole(self, frozen: FrozenArtifact, key: str, upload: str) -> str:
        """Copy the object as the only part of an upload, and return the part's ETag."""
        part = self._copying_s3.upload_part_copy(
            Bucket=self._bucket,
            Key=key,
            UploadId=upload,
            PartNumber=1,
            CopySource={"Bucket": frozen.bucket, "Key": frozen.key},
            # Refuses an object that was overwritten since its digest was read.
            CopySourceIfMatch=frozen.etag,
        )["CopyPartResult"]
        if part.get("ChecksumSHA256") != frozen.checksum:
            raise RefusedError(
                f"the copy of s3://{frozen.bucket}/{frozen.key} has the SHA-256 {part.get('ChecksumSHA256')}, "
                f"approved was {frozen.checksum}"
            )
        return part["ETag"]

    def _throw_away(self, key: str, upload: str) -> None:
        # What cannot be thrown away now, the bucket's lifecycle rule removes after a day.
        with contextlib.suppress(ClientError):
            self._s3.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)

    def _head(self, bucket: str, key: str, missing: tuple[str, ...]) -> Any:
        try:
            return self._s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if aws_clients.code(error) in missing:
                return None
            raise


def _checksum_of_upload(checksum: str) -> str:
    """Return the checksum that S3 gives an upload whose only part has this one: that of all parts' checksums.

    Source: Amazon S3 User Guide, "Checking object integrity", composite checksums.
    """
    return f"{base64.b64encode(hashlib.sha256(base64.b64decode(checksum)).digest()).decode()}-1"
