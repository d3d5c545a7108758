"""The outcome of each retraining: one object in the project's bucket, written only under a condition."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from functions.deployment_trigger.conditional_write import put_under_condition
from functions.shared.json_record import fields_of

FOLDER = "retraining/"


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The outcome of an alarm about drift."""

    alarm_arn: str
    state: Literal["claimed", "dispatched"]
    owner: str
    """Id of the request that wrote it; Lambda keeps it when it tries again."""
    since: float
    """Seconds since 1970."""
    run_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredRetraining:
    """A record as it was read; its ETag replaces it only if no other request did."""

    record: Retraining
    etag: str


class RetrainingStore:
    """Records of retrainings in the buckets of projects, where no other role writes them."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def create(self, bucket: str, key: str, record: Retraining) -> StoredRetraining | None:
        """Write the first record; None when there is one."""
        return self._put(bucket, key, record, IfNoneMatch="*")

    def replace(self, bucket: str, key: str, found: StoredRetraining, record: Retraining) -> StoredRetraining | None:
        """Write the record over the one that was found; None when another request has."""
        return self._put(bucket, key, record, IfMatch=found.etag)

    def read(self, bucket: str, key: str) -> StoredRetraining:
        """Return a record that is there."""
        answer = self._s3.get_object(Bucket=bucket, Key=key)
        record = Retraining(**fields_of(Retraining, answer["Body"].read().decode()))
        return StoredRetraining(record=record, etag=answer["ETag"])

    def _put(self, bucket: str, key: str, record: Retraining, **condition: str) -> StoredRetraining | None:
        etag = put_under_condition(self._s3, bucket, key, json.dumps(asdict(record)), **condition)
        return None if etag is None else StoredRetraining(record=record, etag=etag)
