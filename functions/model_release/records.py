"""The record of each version that was released here: one object beside its artifact, written once."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.model_release.errors import RefusedError
from functions.model_release.settings import APPROVED
from functions.shared import aws_clients
from functions.shared.json_record import IncompleteRecordError, fields_of

_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Record:
    """A released version: enough to release it again when the account that trained it is gone."""

    model_package_arn: str
    image: str
    environment: Mapping[str, str]
    """Environment variables of the container."""
    specification: str
    """Digest of the container that was approved."""
    artifact_uri: str
    sha256: str
    """Of the artifact, in hexadecimal digits."""
    approved_by: str
    """ARN of the identity that approved it; empty in records of before it had to be known."""
    approver: str = ""
    """User profile in whose app of Studio that was done; empty when SageMaker did not tell, and in records of before."""
    made_by: str = ""
    """Commit and definition of the pipeline that made it, as it says itself; empty in records of before it did."""

    def to_json(self) -> str:
        """Return the object's content."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Record":
        """Read the object's content.

        Raises:
            IncompleteRecordError: it lacks something that a release needs.
        """
        return cls(**fields_of(cls, text))


class Records:
    """The records in this account's bucket."""

    def __init__(self, bucket: str, s3: Any) -> None:
        self._bucket = bucket
        self._s3 = s3

    def read(self, project_id: str, version: int) -> Record | None:
        """Return the record of a version; None when it was never released here."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_key(project_id, version))
        except ClientError as error:
            if aws_clients.code(error) == "NoSuchKey":
                return None
            raise
        try:
            return Record.from_json(answer["Body"].read().decode())
        except IncompleteRecordError as error:
            place = f"s3://{self._bucket}/{_key(project_id, version)}"
            raise RefusedError(
                f"{place} is no record that this release function reads, {error}: deploy the platform of this account "
                "again, in the version that wrote it or a later one"
            ) from None

    def write(self, project_id: str, version: int, record: Record) -> Record:
        """Write the record of a version, unless it has one; return the one that it has."""
        attempts = 0
        while True:
            try:
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=_key(project_id, version),
                    Body=record.to_json().encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
            except ClientError as error:
                attempts += 1
                if aws_clients.code(error) == "PreconditionFailed":
                    return self.read(project_id, version) or record
                # Two requests met; repeating this one shows whether it would have been first.
                if aws_clients.code(error) != "ConditionalRequestConflict" or attempts == _ATTEMPTS:
                    raise
            else:
                return record


def artifact_key(project_id: str, version: int) -> str:
    """Return the key of a version's artifact."""
    return f"{APPROVED}/{project_id}/{version}/model.tar.gz"


def _key(project_id: str, version: int) -> str:
    return f"{APPROVED}/{project_id}/{version}.json"
