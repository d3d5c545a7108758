"""Files in S3 under names made from their content."""

import base64
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_platform.pipeline.upload import UploadError, digest, target_uri, upload

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"


@dataclass
class Stored:
    """An object."""

    body: bytes
    request: dict[str, Any]


class FakeS3:
    """Objects that are created on the condition that there is none."""

    def __init__(self, refusal: str = "") -> None:
        self.objects: dict[str, Stored] = {}
        self.refusal = refusal
        self.before: Callable[[], None] = lambda: None
        """Called before an object is created."""

    def get_paginator(self, operation: str) -> "FakeS3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        if self.refusal:
            raise refused(self.refusal)
        names = [name.removeprefix(f"{Bucket}/") for name in self.objects]
        yield {"Contents": [{"Key": name} for name in names if name.startswith(Prefix)]} if names else {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **more: Any) -> None:  # noqa: N803 - boto3's names
        self.before()
        assert more["IfNoneMatch"] == "*"
        if f"{Bucket}/{Key}" in self.objects:
            raise refused("PreconditionFailed")
        self.objects[f"{Bucket}/{Key}"] = Stored(Body, more)

    def head_object(self, *, Bucket: str, Key: str, ChecksumMode: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert ChecksumMode == "ENABLED"
        request = self.objects[f"{Bucket}/{Key}"].request
        return {"ChecksumSHA256": request["ChecksumSHA256"]} if "ChecksumSHA256" in request else {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"Body": io.BytesIO(self.objects[f"{Bucket}/{Key}"].body)}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


def checksum(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "steps"
    (source / "__pycache__").mkdir(parents=True)
    (source / "train.py").write_text("print(1)")
    (source / "__pycache__" / "train.pyc").write_text("compiled")
    return source


def test_a_folder_is_uploaded_encrypted_and_without_pythons_caches(folder: Path) -> None:
    s3 = FakeS3()
    uri = upload(s3, folder, "s3://bucket/code", KEY)
    assert uri == f"s3://bucket/code/{digest(folder)}"
    [(name, stored)] = s3.objects.items()
    assert name == f"bucket/code/{digest(folder)}/train.py"
    assert stored.body == b"print(1)"
    assert stored.request == {
        "ChecksumSHA256": checksum(b"print(1)"),
        "IfNoneMatch": "*",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": KEY,
    }


def test_a_file_keeps_its_name_below_its_digest(folder: Path) -> None:
    s3 = FakeS3()
    uri = upload(s3, folder / "train.py", "s3://bucket/data", KEY)
    assert uri == target_uri(folder / "train.py", "s3://bucket/data")
    assert list(s3.objects) == [uri.removeprefix("s3://")]
    assert uri.endswith("/train.py")


def test_existing_content_is_not_uploaded_again(folder: Path) -> None:
    s3 = FakeS3()
    first = upload(s3, folder, "s3://bucket/code", KEY)
    s3.before = pytest.fail
    assert upload(s3, folder, "s3://bucket/code", KEY) == first


@pytest.mark.parametrize("request_", [{"ChecksumSHA256": checksum(b"attack")}, {}], ids=["checksum", "content"])
def test_what_lies_under_the_name_already_is_not_trusted(folder: Path, request_: dict[str, str]) -> None:
    s3 = FakeS3()
    s3.objects[f"bucket/code/{digest(folder)}/train.py"] = Stored(b"attack", request_)
    with pytest.raises(UploadError, match=r"code/.*/train\.py, whose content is not that of this repository's file"):
        upload(s3, folder, "s3://bucket/code", KEY)


def test_what_was_uploaded_without_a_checksum_is_read(folder: Path) -> None:
    s3 = FakeS3()
    s3.objects[f"bucket/code/{digest(folder)}/train.py"] = Stored(b"print(1)", {})
    upload(s3, folder, "s3://bucket/code", KEY)


@pytest.mark.parametrize("name", ["sitecustomize.py", "deeper/train.py"])
def test_a_file_beside_those_of_the_repository_is_refused_because_jobs_would_get_it(folder: Path, name: str) -> None:
    s3 = FakeS3()
    s3.objects[f"bucket/code/{digest(folder)}/{name}"] = Stored(b"attack", {})
    with pytest.raises(UploadError, match=f"code/.*/{name}, which is no file of this repository"):
        upload(s3, folder, "s3://bucket/code", KEY)
    assert len(s3.objects) == 1


@pytest.mark.parametrize(("body", "accepted"), [(b"print(1)", True), (b"attack", False)])
def test_a_file_that_another_run_creates_meanwhile_is_compared(folder: Path, body: bytes, accepted: bool) -> None:
    s3 = FakeS3()

    def overtake() -> None:
        name = f"bucket/code/{digest(folder)}/train.py"
        s3.objects[name] = Stored(body, {"ChecksumSHA256": checksum(body)})

    s3.before = overtake
    if accepted:
        upload(s3, folder, "s3://bucket/code", KEY)
    else:
        with pytest.raises(UploadError, match="whose content is not that"):
            upload(s3, folder, "s3://bucket/code", KEY)


def test_changed_content_gets_another_name(folder: Path) -> None:
    before = digest(folder)
    (folder / "train.py").write_text("print(2)")
    assert digest(folder) != before
    (folder / "train.py").write_text("print(1)")
    assert digest(folder) == before


def test_a_refusal_is_not_mistaken_for_a_missing_object(folder: Path) -> None:
    with pytest.raises(ClientError, match="403"):
        upload(FakeS3(refusal="403"), folder, "s3://bucket/code", KEY)
