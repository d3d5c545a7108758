"""Files in S3 under names made from their content."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_platform.pipeline.upload import digest, target_uri, upload

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"


class FakeS3:
    """Records what was put."""

    def __init__(self, refusal: str = "404") -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.refusal = refusal

    def head_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's names
        if f"{Bucket}/{Key}" not in self.objects:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "no"}}, "HeadObject")

    def put_object(self, *, Bucket: str, Key: str, **more: Any) -> None:  # noqa: N803 - boto3's names
        self.objects[f"{Bucket}/{Key}"] = more


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
    assert s3.objects == {
        f"bucket/code/{digest(folder)}/train.py": {
            "Body": b"print(1)",
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": KEY,
        }
    }


def test_a_file_keeps_its_name_below_its_digest(folder: Path) -> None:
    s3 = FakeS3()
    uri = upload(s3, folder / "train.py", "s3://bucket/data", KEY)
    assert uri == target_uri(folder / "train.py", "s3://bucket/data")
    assert list(s3.objects) == [uri.removeprefix("s3://")]
    assert uri.endswith("/train.py")


def test_existing_content_is_not_uploaded_again(folder: Path) -> None:
    s3 = FakeS3()
    upload(s3, folder, "s3://bucket/code", KEY)
    s3.objects = {name: {} for name in s3.objects}
    upload(s3, folder, "s3://bucket/code", KEY)
    assert list(s3.objects.values()) == [{}]


def test_changed_content_gets_another_name(folder: Path) -> None:
    before = digest(folder)
    (folder / "train.py").write_text("print(2)")
    assert digest(folder) != before
    (folder / "train.py").write_text("print(1)")
    assert digest(folder) == before


def test_a_refusal_is_not_mistaken_for_a_missing_object(folder: Path) -> None:
    with pytest.raises(ClientError, match="403"):
        upload(FakeS3(refusal="403"), folder, "s3://bucket/code", KEY)
