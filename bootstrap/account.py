"""The AWS account and region that the environment's credentials lead to."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bootstrap.problem import ProblemError


class Client(Protocol):
    """A boto3 client: one method per operation, from parameters to the response."""

    def __getattr__(self, operation: str, /) -> Callable[..., dict[str, Any]]: ...


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the command works, and as whom."""

    account_id: str
    region: str
    caller: str
    """ARN of whoever runs the command."""
    client: Callable[[str], Client]
    """Makes the client of a service, `cloudformation` for one."""


def connect(region: str | None, environment: Mapping[str, str] = os.environ) -> Account:
    """Find out where the credentials lead.

    Raises:
        ProblemError: no region, no credentials, or AWS refuses them.
    """
    session = boto3.Session(region_name=region or environment.get("AWS_REGION"))
    chosen = cast("str | None", session.region_name)
    if chosen is None:
        raise ProblemError("No region: give --region, or set AWS_REGION.")

    def client(service: str) -> Client:
        adaptive = Config(retries={"mode": "standard", "max_attempts": 8})
        return cast("Client", session.client(service, config=adaptive))  # pyright: ignore[reportUnknownMemberType]

    try:
        identity = client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise ProblemError(
            f"AWS does not know who you are: {error}\n"
            "Log in first (aws sso login, AWS_PROFILE, or AWS_ACCESS_KEY_ID and the like) and try again."
        ) from error
    return Account(account_id=identity["Account"], region=chosen, caller=identity["Arn"], client=client)


def error_code(error: ClientError) -> str:
    """AWS's own code of a refusal, `NoSuchEntity` for one."""
    response = cast("Mapping[str, Mapping[str, str]]", error.response)
    return response.get("Error", {}).get("Code", "")


def error_message(error: ClientError) -> str:
    """AWS's own words of a refusal."""
    response = cast("Mapping[str, Mapping[str, str]]", error.response)
    return response.get("Error", {}).get("Message", "")
