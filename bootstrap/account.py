"""The AWS account and region that the current credentials belong to."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bootstrap import regions
from bootstrap.errors import BootstrapError

DENIED = ("403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")
"""Codes of a request that the identity may not make; each service has its own."""
BIND_ADMINISTRATORS = ("explicit deny", "control policy", "resource-based policy")
"""Words of AWS's messages for refusals that more permissions of an identity do not change.

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""
NO_SUCH_BUCKET = ("404", "NoSuchBucket", "NotFound")
"""S3's code of a bucket that does not exist; a HEAD request has no body to carry another than the status."""


class Client(Protocol):
    """A boto3 client: one method per operation, from parameters to the response."""

    def __getattr__(self, operation: str, /) -> Callable[..., dict[str, Any]]: ...


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account and region, and the identity that the command runs as."""

    account_id: str
    region: str
    caller: str
    """ARN of the identity that runs the command."""
    client: Callable[[str], Client]
    """Creates the client of a service, such as `cloudformation`."""


def connect(region: str | None, environment: Mapping[str, str] = os.environ) -> Account:
    """Return the account that the credentials belong to.

    Raises:
        BootstrapError: there is no region or it is none that the platform works in, there are no credentials, or AWS
            rejects them.
    """
    session = boto3.Session(region_name=region or environment.get("AWS_REGION"))
    chosen = cast("str | None", session.region_name)
    if chosen is None:
        raise BootstrapError("No region: give --region, or set AWS_REGION.")
    regions.require(chosen)

    def client(service: str) -> Client:
        retrying = Config(retries={"mode": "standard", "max_attempts": 8})
        return cast("Client", session.client(service, config=retrying))

    try:
        identity = client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise BootstrapError(
            f"AWS does not accept your credentials: {' '.join(str(error).split())}\n"
            "Log in first (aws sso login, AWS_PROFILE, or AWS_ACCESS_KEY_ID and the like) and try again."
        ) from error
    return Account(account_id=identity["Account"], region=chosen, caller=identity["Arn"], client=client)


def pages(operation: Callable[..., dict[str, Any]], items: str, given: str, following: str) -> Iterator[Any]:
    """Yield the `items` of every page; the page after one that answers `following` is requested with `given`."""
    request: dict[str, str] = {}
    while True:
        page = operation(**request)
        yield from page[items]
        if not page.get(following):
            return
        request = {given: page[following]}


def error_code(error: ClientError) -> str:
    """AWS's code of an error, such as `NoSuchEntity`."""
    response = cast("Mapping[str, Mapping[str, str]]", error.response)
    return response.get("Error", {}).get("Code", "")


def error_message(error: ClientError) -> str:
    """AWS's own message of an error."""
    response = cast("Mapping[str, Mapping[str, str]]", error.response)
    return response.get("Error", {}).get("Message", "")


def denied(error: ClientError) -> bool:
    """Whether the identity lacks a permission that an administrator of the account has.

    An explicit deny, and policies of the organization or the resource, bind administrators too: AWS's message names them.
    """
    message = error_message(error)
    return error_code(error) in DENIED and not any(policy in message for policy in BIND_ADMINISTRATORS)


def refusal_reason(error: ClientError) -> str:
    """Say in one line why AWS refused a request, even if its answer has no message."""
    if denied(error):
        return (
            f"the identity that runs this command may not call {error.operation_name}; "
            "use credentials of an administrator of the account"
        )
    return error_message(error) or f"AWS answered {error.operation_name} with {error_code(error)}, and gave no reason"
