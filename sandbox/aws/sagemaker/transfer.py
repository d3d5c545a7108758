"""Data between S3 and containers, with the credentials of the job's role and no others."""

import tarfile
from pathlib import Path
from typing import Any

from sandbox.aws.sagemaker.failures import StepFailedError


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an S3 URI.

    Raises:
        StepFailedError: it is none.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise StepFailedError(f"ClientError: {uri} is not the URI of an object in S3")
    return bucket, key


def read(s3: Any, uri: str) -> bytes:
    """Return the content of an object.

    Raises:
        StepFailedError: it does not exist, or the role may not read it.
    """
    bucket, key = split(uri)
    return _call(uri, lambda: s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def exists(s3: Any, uri: str) -> None:
    """Check that an object exists.

    Raises:
        StepFailedError: it does not exist, or the role may not read it.
    """
    bucket, key = split(uri)
    _call(uri, lambda: s3.head_object(Bucket=bucket, Key=key))


def download(s3: Any, uri: str, folder: Path) -> None:
    """Copy every object under a prefix into a folder.

    Raises:
        StepFailedError: there is none, or the role may not read it.
    """
    bucket, prefix = split(uri)
    folder.mkdir(parents=True, exist_ok=True)
    keys = [
        item["Key"]
        for page in _call(uri, lambda: list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)))
        for item in page.get("Contents", [])
        if not item["Key"].endswith("/")
    ]
    if not keys:
        raise StepFailedError(
            f"ClientError: Data download failed:NoSuchKey (404): The specified key does not exist.: {uri}"
        )
    for key in keys:
        target = folder / _relative(key, prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read(s3, f"s3://{bucket}/{key}"))


def upload(s3: Any, folder: Path, uri: str, key_id: str | None) -> None:
    """Copy every file of a folder below a prefix.

    Raises:
        StepFailedError: the role may not write there.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            upload_file(s3, path, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}", key_id)


def upload_file(s3: Any, path: Path, uri: str, key_id: str | None) -> None:
    """Copy one file.

    Raises:
        StepFailedError: the role may not write there.
    """
    put(s3, path.read_bytes(), uri, key_id)


def put(s3: Any, content: bytes, uri: str, key_id: str | None) -> None:
    """Write one object.

    Raises:
        StepFailedError: the role may not write there.
    """
    bucket, key = split(uri)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
    _call(uri, lambda: s3.put_object(Bucket=bucket, Key=key, Body=content, **encryption))


def archive(folder: Path, target: Path) -> None:
    """Pack the contents of a folder."""
    with tarfile.open(target, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)


def _relative(key: str, prefix: str) -> str:
    if key == prefix:
        return key.rpartition("/")[2]
    rest = key.removeprefix(prefix)
    if prefix == "" or prefix.endswith("/") or rest.startswith("/"):
        return rest.lstrip("/")
    # A prefix may end within a name; what counts then is the part after its last slash.
    return key.removeprefix(prefix.rpartition("/")[0]).lstrip("/")


def _call(uri: str, call: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as error:
        response: Any = error.response
        answer, status = response.get("Error", {}), response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        raise StepFailedError(f"ClientError: {answer.get('Code')} ({status}): {answer.get('Message')}: {uri}") from None
    except BotoCoreError as error:
        raise StepFailedError(f"InternalServerError: {error}: {uri}") from None
