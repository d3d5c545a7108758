"""Artifacts of approved versions: frozen in the account that trained them, and copied into this one, once."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.model_release.errors import RefusedError
from functions.shared import aws_clients
from functions.shared.model_specification import METADATA
from functions.shared.write_once_copy import (
    LARGEST_BYTES,
    MISSING,
    UNREADABLE,
    AnotherArtifactError,
    Source,
    Target,
    WriteOnceCopies,
    has_digest,
)

COPY_SECONDS = 240.0
"""Seconds that S3 may take to copy an artifact: the function's timeout, less the rest of its work."""


@dataclass(frozen=True, kw_only=True)
class FrozenArtifact:
    """An artifact as the approval froze it."""

    source: Source
    sha256: str
    """Of the artifact that was evaluated, in hexadecimal digits; the frozen one has the same."""
    specification: str
    """Digest of the container that was approved; empty for one that was frozen before that was noted."""


def _copying_client() -> Any:
    return aws_clients.patient_client("s3", COPY_SECONDS)


class Artifacts:
    """Copies of approved artifacts in this account's bucket, where nothing is ever overwritten."""

    def __init__(self, bucket: str, s3: Any, copying_client: Callable[[], Any] = _copying_client) -> None:
        self._bucket = bucket
        self._copies = WriteOnceCopies(s3, copying_client)

    def frozen(self, bucket: str, key: str, package_arn: str, sha256: str) -> FrozenArtifact:
        """Return the artifact that the approval of a package froze; `sha256` is that of the one that was evaluated.

        Raises:
            RefusedError: there is none, or it was frozen for another package, or it is another artifact.
        """
        place = f"s3://{bucket}/{key}"
        found = self._copies.head(bucket, key, UNREADABLE)
        if found is None:
            raise RefusedError(f"{place} is missing or unreadable: it is frozen when {package_arn} is approved")
        belongs_to = found["Metadata"].get("model-package-arn")
        if belongs_to != package_arn:
            raise RefusedError(f"{place} was frozen for {belongs_to}, not for {package_arn}")
        if not has_digest(found, sha256):
            raise RefusedError(
                f"{place} is not the artifact of {package_arn} that was evaluated, whose SHA-256 is {sha256}: "
                "train again, and approve the new version"
            )
        if found["ContentLength"] > LARGEST_BYTES:
            raise RefusedError(
                f"{place} has {found['ContentLength']} bytes; S3 copies up to {LARGEST_BYTES} in one part, whose "
                "digest is that of the whole"
            )
        return FrozenArtifact(
            source=Source(bucket=bucket, key=key, etag=found["ETag"], modified=found["LastModified"]),
            sha256=sha256,
            specification=found["Metadata"].get(METADATA, ""),
        )

    def frozen_sha256(self, bucket: str, key: str) -> str | None:
        """Return the SHA-256, in hexadecimal digits, of what lies where an approval freezes; None when S3 does not tell it.

        S3 tells it of what was copied in one request, as it was before there was evidence.
        """
        found = self._copies.head(bucket, key, UNREADABLE) or {}
        checksum: str = found.get("ChecksumSHA256", "")
        return None if not checksum or "-" in checksum else base64.b64decode(checksum).hex()

    def copy(self, frozen: FrozenArtifact, key: str) -> bool:
        """Copy a frozen artifact to a key of this account's bucket; False when it is there already.

        Raises:
            RefusedError: the copy differs, or another object has the key.
        """
        target = Target(bucket=self._bucket, key=key, sha256=frozen.sha256, metadata={"sha256": frozen.sha256})
        try:
            if self._copies.existing(target, MISSING) is not None:
                return False
            return self._copies.copy(frozen.source, target, MISSING)
        except AnotherArtifactError as error:
            raise RefusedError(str(error)) from None
