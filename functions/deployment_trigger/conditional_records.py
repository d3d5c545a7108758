"""Records that are written only under a condition, so that of several requests one is the first."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.shared.json_record import fields_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")
_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Stored(Generic[R]):
    """A record as it was read; its ETag replaces it only if no other request did."""

    record: R
    etag: str


class ConditionalRecords(Generic[R]):
    """Records of one kind, each a JSON object in the bucket of a project."""

    def __init__(self, s3: Any, kind: type[R]) -> None:
        self._s3 = s3
        self._kind = kind

    def create(self, bucket: str, key: str, record: R) -> Stored[R] | None:
        """Write the first record; None when there is one."""
        return self._put(bucket, key, record, IfNoneMatch="*")

    def replace(self, bucket: str, key: str, found: Stored[R], record: R) -> Stored[R] | None:
        """Write the record over the one that was found; None when another request has."""
        return self._put(bucket, key, record, IfMatch=found.etag)

    def read(self, bucket: str, key: str) -> Stored[R]:
        """Return a record that is there."""
        answer = self._s3.get_object(Bucket=bucket, Key=key)
        record = self._kind(**fields_of(self._kind, answer["Body"].read().decode()))
        return Stored(record=record, etag=answer["ETag"])

    def _put(self, bucket: str, key: str, record: R, **condition: str) -> Stored[R] | None:
        """Write a record, and return it with its ETag; None when the condition does not hold."""
        body, attempts = json.dumps(asdict(record)).encode(), 0
        while True:
            try:
                answer = self._s3.put_object(
                    Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition
                )
            except ClientError as error:
                attempts += 1
                if aws_clients.code(error) == "PreconditionFailed":
                    return None
                # Two requests met; repeating this one shows whether it would have been first.
                if aws_clients.code(error) != "ConditionalRequestConflict" or attempts == _ATTEMPTS:
                    raise
            else:
                return Stored(record=record, etag=answer["ETag"])
