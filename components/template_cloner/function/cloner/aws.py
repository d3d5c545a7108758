"""The little of AWS that a launch needs: its record, the state of its stack, and GitHub's credential."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from cloner.errors import LaunchError

# A call that hangs must not use up the time in which CloudFormation can still be answered.
_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})

_TOKEN = re.compile(r"[\x21-\x7e]+")

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


class ParameterRecords:
    """Launch records as parameters of Systems Manager."""

    def __init__(self, path: str, ssm: Any = None) -> None:
        self._path = path
        self._ssm = ssm or _client("ssm")

    def read(self, key: str) -> Record | None:
        """The record; None when there is none."""
        try:
            answer = self._ssm.get_parameter(Name=f"{self._path}/{key}")
        except ClientError as error:
            if _code(error) == "ParameterNotFound":
                return None
            raise
        return Record(**json.loads(answer["Parameter"]["Value"]))

    def write(self, key: str, record: Record) -> None:
        """Write the record, over the one that may be there."""
        value = json.dumps(asdict(record))
        self._ssm.put_parameter(Name=f"{self._path}/{key}", Value=value, Type="String", Overwrite=True)

    def delete(self, key: str) -> None:
        """Forget the launch."""
        try:
            self._ssm.delete_parameter(Name=f"{self._path}/{key}")
        except ClientError as error:
            if _code(error) != "ParameterNotFound":
                raise


class CloudFormationStacks:
    """The stacks that ask."""

    def __init__(self, cloudformation: Any = None) -> None:
        self._cloudformation = cloudformation or _client("cloudformation")

    def status(self, stack_id: str) -> str:
        """The stack's status, such as `CREATE_IN_PROGRESS`."""
        return self._cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]


def github_token(secret_arn: str, secrets: Any = None) -> str:
    """The token in the platform's secret.

    Raises:
        LaunchError: nobody has set it yet, or it is not what `python -m bootstrap` writes.
    """
    client = secrets or _client("secretsmanager")
    advice = "set the platform's GitHub credential with python -m bootstrap github-token"
    try:
        text = client.get_secret_value(SecretId=secret_arn)["SecretString"]
    except ClientError as error:
        if _code(error) == "ResourceNotFoundException":
            raise LaunchError(f"the secret {secret_arn} holds no value; {advice}") from None
        raise
    try:
        token = json.loads(text)["token"]
    except (ValueError, TypeError, KeyError):
        token = None
    # Neither the text nor a complaint about it, such as the one about a line feed in a header, may reach a log.
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise LaunchError(f'the secret {secret_arn} must be JSON with one key, "token"; {advice}') from None
    return token


def _client(service: str) -> Any:
    return boto3.client(service, config=_CONFIG)  # pyright: ignore[reportUnknownMemberType]


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
