"""Records of launches: the state of each, beyond what GitHub shows."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from functions.shared import aws_clients

State = Literal["running", "stopped", "launched", "deleted"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """The state of a launch."""

    state: State
    """`deleted` makes a launch that still runs stop: its deletion overtook it."""
    since: float
    """Start of the state, in seconds since 1970."""
    template_commit: str
    """Commit of the template repository that the launch began with."""
    stack: str
    """Id of the stack that launches: no other stack changes or deletes what this launch makes."""


class ParameterRecords:
    """Launch records as parameters of Systems Manager."""

    def __init__(self, path: str, ssm: Any = None) -> None:
        self._path = path
        self._ssm = ssm or aws_clients.client("ssm")

    def read(self, key: str) -> Record | None:
        """Return the record; None when there is none."""
        text = aws_clients.parameter(self._ssm, f"{self._path}/{key}")
        return None if text is None else Record(**json.loads(text))

    def begin(self, key: str, record: Record) -> bool:
        """Write the first record of a launch; False when there is one."""
        try:
            self._put(key, record, overwrite=False)
        except ClientError as error:
            if aws_clients.code(error) != "ParameterAlreadyExists":
                raise
            return False
        return True

    def write(self, key: str, record: Record) -> None:
        """Write the record, over an existing one."""
        self._put(key, record, overwrite=True)

    def _put(self, key: str, record: Record, *, overwrite: bool) -> None:
        value = json.dumps(asdict(record))
        self._ssm.put_parameter(Name=f"{self._path}/{key}", Value=value, Type="String", Overwrite=overwrite)

    def delete(self, key: str) -> None:
        """Delete the record; nothing happens when there is none."""
        try:
            self._ssm.delete_parameter(Name=f"{self._path}/{key}")
        except ClientError as error:
            if aws_clients.code(error) != "ParameterNotFound":
                raise
