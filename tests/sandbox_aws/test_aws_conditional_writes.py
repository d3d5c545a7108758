"""Writes under conditions: of policies that demand them, and of S3 itself; and what tags take.

Sources: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets"; Amazon S3 API Reference, PutObject and
CopyObject.
"""

import base64
import hashlib
import json
from typing import Any

import pytest

from tests.sandbox_aws.account import Account, Credentials, allow
from tests.sandbox_aws.test_aws_permissions import refusal

BUCKET, SOURCE = "conditional-once", "conditional-source"
CONTENT = b"a model"
SHA256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()


@pytest.fixture(scope="module")
def writer(dev: Account) -> Credentials:
    """A role that may do everything, and a bucket below whose folder `once/` nothing is replaced."""
    s3 = dev.client("s3")
    for bucket in (BUCKET, SOURCE):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=SOURCE, Key="model.tar.gz", Body=CONTENT)
    statement = {
        "Sid": "NothingIsReplaced",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/once/*",
        "Condition": {
            "StringNotEquals": {"s3:if-none-match": "*"},
            "Bool": {"s3:ObjectCreationOperation": "true"},
        },
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    return dev.assume(dev.role("conditional-writer", allow("s3:*")))


def upload(s3: Any, key: str, **condition: str) -> Any:
    """Copy the source as the only part of an upload, and complete it."""
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key=key, ChecksumAlgorithm="SHA256")["UploadId"]
    place = {"Bucket": BUCKET, "Key": key, "UploadId": begun}
    part = s3.upload_part_copy(**place, PartNumber=1, CopySource={"Bucket": SOURCE, "Key": "model.tar.gz"})
    result = part["CopyPartResult"]
    assert result["ChecksumSHA256"] == SHA256
    parts = [{"PartNumber": 1, "ETag": result["ETag"], "ChecksumSHA256": SHA256}]
    return s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, **condition)


def test_an_object_is_put_only_with_the_condition_and_only_once(dev: Account, writer: Credentials) -> None:
    s3 = dev.client("s3", writer)
    put = {"Bucket": BUCKET, "Key": "once/put", "Body": b"first"}
    assert refusal(s3.put_object, **put)[0] == "AccessDenied"
    s3.put_object(**put, IfNoneMatch="*")
    assert refusal(s3.put_object, **put, IfNoneMatch="*")[0] == "PreconditionFailed"
    s3.put_object(**{**put, "Key": "elsewhere"})


def test_an_upload_of_parts_takes_the_condition_when_it_is_completed(dev: Account, writer: Credentials) -> None:
    s3 = dev.client("s3", writer)
    assert refusal(lambda: upload(s3, "once/parts"))[0] == "AccessDenied"
    upload(s3, "once/parts", IfNoneMatch="*")
    assert refusal(lambda: upload(s3, "once/parts", IfNoneMatch="*"))[0] == "PreconditionFailed"


def test_a_copy_in_one_request_has_no_condition_and_is_refused(dev: Account, writer: Credentials) -> None:
    copy = {"Bucket": BUCKET, "Key": "once/copy", "CopySource": {"Bucket": SOURCE, "Key": "model.tar.gz"}}
    s3 = dev.client("s3", writer)
    assert refusal(s3.copy_object, **copy)[0] == "AccessDenied"
    # Where a policy demands the condition, no copy is made with it either.
    assert refusal(s3.copy_object, **copy, IfNoneMatch="*")[0] == "NotImplemented"


def test_a_copy_under_a_condition_replaces_nothing_where_no_policy_demands_it(dev: Account) -> None:
    s3, copy = dev.client("s3"), {"Bucket": SOURCE, "Key": "copy", "CopySource": {"Bucket": SOURCE, "Key": "other"}}
    s3.put_object(Bucket=SOURCE, Key="other", Body=b"another model")
    s3.copy_object(**copy, IfNoneMatch="*")
    assert refusal(s3.copy_object, **copy, IfNoneMatch="*")[0] == "PreconditionFailed"
    s3.copy_object(**copy)


@pytest.mark.parametrize("value", ['"an-etag"', "x"])
def test_s3_takes_no_other_value_of_the_condition_than_the_asterisk(
    dev: Account, writer: Credentials, value: str
) -> None:
    s3 = dev.client("s3", writer)
    assert refusal(s3.put_object, Bucket=BUCKET, Key="once/value", Body=b"", IfNoneMatch=value)[0] == "AccessDenied"
    for call in (
        lambda: s3.put_object(Bucket=BUCKET, Key="elsewhere", Body=b"", IfNoneMatch=value),
        lambda: upload(s3, "elsewhere", IfNoneMatch=value),
    ):
        assert refusal(call)[0] == "NotImplemented"


def test_tags_are_set_with_an_object_only_by_those_who_may_tag_it(dev: Account, writer: Credentials) -> None:
    objects = f"arn:aws:s3:::{BUCKET}/tagged/*"
    put = {"Bucket": BUCKET, "Key": "tagged/1", "Body": b""}
    s3 = dev.client("s3", dev.assume(dev.role("conditional-untagged", allow("s3:PutObject", objects))))
    s3.put_object(**put)
    for call, more in (
        (s3.put_object, {"Body": b""}),
        (s3.create_multipart_upload, dict[str, Any]()),
    ):
        refused = refusal(call, Bucket=BUCKET, Key="tagged/1", Tagging="a=b", **more)
        assert (refused[0], "s3:PutObjectTagging" in refused[1]) == ("AccessDenied", True)
    dev.client("s3", writer).put_object(**put, Tagging="a=b")


def test_the_checksum_of_an_upload_is_that_of_its_parts_checksums(dev: Account, writer: Credentials) -> None:
    s3 = dev.client("s3", writer)
    upload(s3, "elsewhere/composite")
    found = s3.head_object(Bucket=BUCKET, Key="elsewhere/composite", ChecksumMode="ENABLED")
    of_parts = base64.b64encode(hashlib.sha256(hashlib.sha256(CONTENT).digest()).digest()).decode()
    assert (found["ChecksumSHA256"], found["ChecksumType"]) == (f"{of_parts}-1", "COMPOSITE")
