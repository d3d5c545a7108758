"""Upload files to S3 under a name made from their content: the same content is uploaded once, and never changed."""

import hashlib
import logging
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.project.aws import error_code

logger = logging.getLogger(__name__)


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
    """Upload the files that S3 does not have yet, encrypted with a key, and return the S3 URI of the file or folder."""
    uri = target_uri(source, prefix)
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    for file in files(source):
        name = key if source.is_file() else f"{key}/{file.relative_to(source).as_posix()}"
        if _exists(s3, bucket, name):
            continue
        logger.info("uploading s3://%s/%s", bucket, name)
        s3.put_object(
            Bucket=bucket,
            Key=name,
            Body=file.read_bytes(),
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=kms_key,
        )
    return uri


def _exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True
