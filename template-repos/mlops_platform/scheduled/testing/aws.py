"""The services of AWS that a scheduled pipeline needs, in memory; they answer as AWS documents, refusals included."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mlops_platform.pipeline.expressions import Json
from mlops_platform.release.testing.aws import DATA_KEY, FakeS3, refusal

MODEL: Json = {
    "ModelName": "model",
    "PrimaryContainer": {
        "Image": "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost@sha256:1",
        "ModelDataUrl": "s3://bucket/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SOME": "thing"},
    },
    "ExecutionRoleArn": "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-model",
    "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    "EnableNetworkIsolation": True,
}
"""A released model, as DescribeModel describes it."""


@dataclass
class FakeObjects(FakeS3):
    """Objects that are read and written, too."""

    writable: tuple[str, ...] = ()
    """Beginnings of the keys that are written."""
    written: list[str] = field(default_factory=list[str])

    def get_paginator(self, operation: str) -> "FakeObjects":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, Delimiter: str = "") -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        """Return one entry a page, so that code without paging fails."""
        keys = sorted(key for bucket, key in self.objects if bucket == Bucket and key.startswith(Prefix))
        if not Delimiter:
            yield from ({"Contents": [{"Key": key, "Size": len(self.objects[Bucket, key])}]} for key in keys)
            yield {}  # as S3 answers when there is none
            return
        for folder in sorted({key[: key.index(Delimiter, len(Prefix)) + 1] for key in keys}):
            yield {"CommonPrefixes": [{"Prefix": folder}]}
        yield {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if (Bucket, Key) not in self.objects:
            # As S3 answers a role that may not list the whole bucket.
            raise refusal("GetObject", "AccessDenied", "Access Denied")
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}

    def head_object(self, *, Bucket: str, Key: str, ChecksumMode: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert ChecksumMode == "ENABLED"
        assert (Bucket, Key) in self.objects
        return {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **options: str) -> None:  # noqa: N803 - boto3's names
        assert (options["IfNoneMatch"], options["SSEKMSKeyId"]) == ("*", DATA_KEY)
        assert Key.startswith(self.writable), Key
        if (Bucket, Key) in self.objects:
            raise refusal("PutObject", "PreconditionFailed", "At least one of the pre-conditions did not hold")
        self.objects[Bucket, Key] = Body
        self.written.append(Key)


@dataclass
class FakeScheduler:
    """A group of schedules with one schedule, or none."""

    name: str
    group: bool = False
    schedule: dict[str, Any] | None = None

    def get_schedule_group(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert Name == self.name
        if not self.group:
            raise refusal("GetScheduleGroup", "ResourceNotFoundException", f"Schedule group {Name} does not exist.")
        return {"Name": Name}

    def get_schedule(self, *, GroupName: str, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert GroupName == Name == self.name
        if self.schedule is None:
            raise refusal("GetSchedule", "ResourceNotFoundException", f"Schedule {Name} does not exist.")
        return self.schedule
