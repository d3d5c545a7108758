"""Requests to AWS whose refusal may be no failure."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from botocore.exceptions import ClientError

from functions.shared import aws_clients

_THROTTLED = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException")


def is_throttled(error: ClientError) -> bool:
    """Return whether the account's limits refused a request: all launches together share them."""
    return aws_clients.code(error) in _THROTTLED


def send_unless(code: str | Sequence[str], request: Callable[[], object]) -> None:
    """Send the request; nothing happens when AWS refuses it with this code, or one of these."""
    try:
        request()
    except ClientError as error:
        if aws_clients.code(error) not in ([code] if isinstance(code, str) else code):
            raise


def list_all(client: Any, operation: str, key: str, **arguments: str) -> list[dict[str, Any]]:
    """Return the items, under `key`, of all pages that the operation returns."""

    def items() -> Iterator[dict[str, Any]]:
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from cast("list[dict[str, Any]]", page[key])

    return list(items())
