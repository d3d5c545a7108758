"""Upload files to S3 under a name made from their content: the same content is uploaded once, and never changed."""

import base64
import hashlib
import logging
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.project.aws import error_code

logger = logging.getLogger(__name__)


class UploadError(Exception):
    """S3 has other content under a name than this repository; the message says what to do."""


def digest(source: Path) -> str:
    """Return a short digest of a file, or of a folder's files with their names."""
    content = hashlib.sha256()
    for file in files(source):
        name = file.relative_to(source).as_posix() if source.is_dir() else file.name
        # Lengths keep two different sets of files from looking the same.
        for part in (name.encode(), file.read_bytes()):
            content.update(len(part).to_bytes(8, "big") + part)
    return content.hexdigest()[:16]


def files(source: Path) -> list[Path]:
    """Return the file itself, or all files in a folder except Python's caches."""
    if source.is_file():
        return [source]
    found = (file for file in source.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return sorted(found)


def target_uri(source: Path, prefix: str) -> str:
    """Return the S3 URI of a file or folder below a prefix."""
    uri = f"{prefix}/{digest(source)}"
    return f"{uri}/{source.name}" if source.is_file() else uri


def upload(s3: Any, source: Path, prefix: str, kms_key: str) -> str:
    """Upload the files that S3 does not have yet, encrypted with a key, and return the S3 URI of the file or folder.

    The name is no proof of the content: what S3 has already is compared.

    Raises:
        UploadError: a file in S3 has other content, or lies beside those of this repository: a job would use it.
    """
    folder = f"{prefix}/{digest(source)}"
    bucket, _, key = folder.removeprefix("s3://").partition("/")
    wanted = {
        f"{key}/{source.name if source.is_file() else file.relative_to(source).as_posix()}": file
        for file in files(source)
    }
    found = _keys(s3, bucket, f"{key}/")
    if surplus := sorted(found - set(wanted)):
        raise _unexpected(bucket, surplus[0], "which is no file of this repository")
    for name, file in wanted.items():
        body = file.read_bytes()
        if name in found or not _created(s3, bucket, name, body, kms_key):
            _require_same(s3, bucket, name, body)
    return target_uri(source, prefix)


def _keys(s3: Any, bucket: str, prefix: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def _created(s3: Any, bucket: str, key: str, body: bytes, kms_key: str) -> bool:
    """Create an object; False when another run was faster."""
    logger.info("uploading s3://%s/%s", bucket, key)
    try:
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ChecksumSHA256=_checksum(body),
            IfNoneMatch="*",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=kms_key,
        )
    except ClientError as error:
        if error_code(error) != "PreconditionFailed":
            raise
        return False
    return True


def _require_same(s3: Any, bucket: str, key: str, body: bytes) -> None:
    checksum = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED").get("ChecksumSHA256")
    # Compatibility: what was uploaded without a checksum is read.
    same = checksum == _checksum(body) if checksum else s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    if not same:
        raise _unexpected(bucket, key, "whose content is not that of this repository's file")


def _unexpected(bucket: str, key: str, problem: str) -> UploadError:
    return UploadError(
        f"S3 has s3://{bucket}/{key}, {problem}: nobody but this repository's workflow may write there, so tell an "
        "administrator of the platform, who can remove it"
    )


def _checksum(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()
