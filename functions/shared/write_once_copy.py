"""Copy an artifact to a folder where nothing is replaced, if it is the one that was evaluated.

An upload of one part: S3 computes the SHA-256 of the part, which is that of the whole, before there is an object, and takes
the condition that there is none yet when the upload is completed. It takes no such condition for a copy in one request
into a folder whose bucket demands one. Source: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets".
"""

import base64
import contextlib
import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.shared.github_api.errors import ExplainedError

LARGEST_BYTES = 5 * 1024**3
"""Largest artifact. Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits"."""
MISSING = ("404", "NoSuchKey")
UNREADABLE = (*MISSING, "403", "AccessDenied")
"""S3 answers 403 for an object that does not exist, to a caller that may not list the bucket."""
CONFLICT = "ConditionalRequestConflict"
"""Error of a completed upload whose key is being written by another request.

Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
"""
_EXISTS = "PreconditionFailed"
_ORIGIN = {"artifact": "was evaluated", "report": "the evaluation wrote"}


class AnotherArtifactError(ExplainedError):
    """An artifact, or a report, is not the one that it must be; the message names both."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The object to copy, as it was found."""

    bucket: str
    key: str
    etag: str
    modified: datetime
    """Time of its last change."""

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The place of a copy, and what it must hold."""

    bucket: str
    key: str
    sha256: str
    """Of what was registered, in hexadecimal digits."""
    metadata: Mapping[str, str]
    what: Literal["artifact", "report"] = "artifact"

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.key}"


class WriteOnceCopies:
    """Copies that are made once, and never of another artifact than the one that was evaluated."""

    def __init__(self, s3: Any, copying_client: Callable[[], Any]) -> None:
        self._s3 = s3
        self._copying_client = copying_client

    @functools.cached_property
    def _copying_s3(self) -> Any:
        """Made for the first copy: most requests of a process need none."""
        return self._copying_client()

    def head(self, bucket: str, key: str, missing: tuple[str, ...]) -> Any:
        """Return what S3 knows of an object, its checksum included; None when an error in `missing` answers."""
        try:
            return self._s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if aws_clients.code(error) in missing:
                return None
            raise

    def copy(self, source: Source, target: Target, missing: tuple[str, ...]) -> bool:
        """Copy an artifact; False when the copy is there already.

        `missing` are the errors that tell that the target is not there.

        Raises:
            AnotherArtifactError: the source is another artifact, or the target holds another one.
        """
        place = {"Bucket": target.bucket, "Key": target.key}
        upload: str = self._s3.create_multipart_upload(
            **place, ChecksumAlgorithm="SHA256", Metadata=dict(target.metadata)
        )["UploadId"]
        try:
            etag = self._copy_whole(source, target, upload)
            self._copying_s3.complete_multipart_upload(
                **place,
                UploadId=upload,
                MultipartUpload={
                    "Parts": [{"PartNumber": 1, "ETag": etag, "ChecksumSHA256": as_checksum(target.sha256)}]
                },
                IfNoneMatch="*",
            )
        except (ClientError, AnotherArtifactError) as error:
            self._throw_away(target, upload)
            conflicts = isinstance(error, ClientError) and aws_clients.code(error) in (_EXISTS, CONFLICT)
            # Another request for the same version was faster.
            if conflicts and self.existing(target, missing) is not None:
                return False
            raise
        return True

    def existing(self, target: Target, missing: tuple[str, ...]) -> Any:
        """Return what S3 knows of a copy that was made already; None when there is none.

        Raises:
            AnotherArtifactError: another artifact lies there.
        """
        found = self.head(target.bucket, target.key, missing)
        if found is not None and not has_digest(found, target.sha256):
            raise AnotherArtifactError(
                f"{target.uri} holds another {target.what} than the one that {_ORIGIN[target.what]}, whose SHA-256 is {target.sha256}: "
                "what is there is never replaced; train again, and approve the new version"
            )
        return found

    def _copy_whole(self, source: Source, target: Target, upload: str) -> str:
        """Copy the object as the only part of an upload, and return the part's ETag."""
        part = self._copying_s3.upload_part_copy(
            Bucket=target.bucket,
            Key=target.key,
            UploadId=upload,
            PartNumber=1,
            CopySource={"Bucket": source.bucket, "Key": source.key},
            # Refuses an object that was overwritten since it was looked at.
            CopySourceIfMatch=source.etag,
        )["CopyPartResult"]
        if part.get("ChecksumSHA256") != as_checksum(target.sha256):
            raise AnotherArtifactError(
                f"{source.uri} is not the {target.what} that {_ORIGIN[target.what]}: its SHA-256 is {_shown(part)}, "
                f"registered was {target.sha256}"
            )
        return part["ETag"]

    def _throw_away(self, target: Target, upload: str) -> None:
        # What cannot be thrown away now, the bucket's lifecycle rule removes after a day.
        with contextlib.suppress(ClientError):
            self._s3.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload)


def has_digest(found: Mapping[str, Any], sha256: str) -> bool:
    """Tell whether S3's checksum of an object is that of an artifact, stored in one request or as an upload of one part.

    Source: Amazon S3 User Guide, "Checking object integrity", composite checksums: that of all parts' checksums.
    """
    whole = bytes.fromhex(sha256)
    composite = f"{base64.b64encode(hashlib.sha256(whole).digest()).decode()}-1"
    return found.get("ChecksumSHA256") in (as_checksum(sha256), composite)


def as_checksum(sha256: str) -> str:
    """Return a digest in hexadecimal digits as S3 writes it."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def _shown(part: Mapping[str, Any]) -> str:
    checksum = part.get("ChecksumSHA256")
    return base64.b64decode(checksum).hex() if checksum else "unknown"
