"""The little of AWS that a launch needs: its record, and the state of its stack."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from functions.shared import aws_clients

WAITING = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
"""States of a stack that waits for what it asked for."""

State = Literal["running", "stopped", "launched", "deleted"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known about a launch, beyond what GitHub shows."""

    state: State
    """`deleted` tells a launch that still runs that it was overtaken by its deletion."""
    since: float
    """Seconds since 1970 at which the state began."""
    template_commit: str
    """Commit of the template repository that the launch began with."""
    stack: str
    """Id of the stack that launches: another one neither changes nor deletes what this one makes."""


class ParameterRecords:
    """Launch records as parameters of Systems Manager."""

    def __init__(self, path: str, ssm: Any = None) -> None:
        self._path = path
        self._ssm = ssm or aws_clients.client("ssm")

    def read(self, key: str) -> Record | None:
        """The record; None when there is none."""
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
        """Write the record, over the one that may be there."""
        self._put(key, record, overwrite=True)

    def _put(self, key: str, record: Record, *, overwrite: bool) -> None:
        value = json.dumps(asdict(record))
        self._ssm.put_parameter(Name=f"{self._path}/{key}", Value=value, Type="String", Overwrite=overwrite)

    def delete(self, key: str) -> None:
        """Forget the launch."""
        try:
            self._ssm.delete_parameter(Name=f"{self._path}/{key}")
        except ClientError as error:
            if aws_clients.code(error) != "ParameterNotFound":
                raise


class CloudFormationStacks:
    """The stacks that ask."""

    def __init__(self, cloudformation: Any = None) -> None:
        self._cloudformation = cloudformation or aws_clients.client("cloudformation")

    def status(self, stack_id: str) -> str:
        """The stack's status, such as `CREATE_IN_PROGRESS`."""
        return self._cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
