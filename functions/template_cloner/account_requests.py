"""Requests to AWS in an account that projects deploy to, repeated while the account's limits refuse them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.shared.github_api.deadline import Deadline

Answer = TypeVar("Answer")

_THROTTLED = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException")
_LIMIT_SECONDS = 5.0


class AccountRequests:
    """Requests to one account, until a deadline."""

    def __init__(self, account_id: str, deadline: Deadline) -> None:
        self._account_id = account_id
        self._deadline = deadline

    def send(self, request: Callable[[], Answer]) -> Answer:
        """Send the request until it is not throttled: all launches together share the account's limits."""
        while True:
            try:
                return request()
            except ClientError as error:
                if aws_clients.code(error) not in _THROTTLED:
                    raise
            self._deadline.pause(_LIMIT_SECONDS, waiting_for=f"account {self._account_id} (Rate exceeded)")

    def send_unless(self, code: str, request: Callable[[], object]) -> None:
        """Send the request; nothing happens when AWS refuses it with this code."""
        try:
            self.send(request)
        except ClientError as error:
            if aws_clients.code(error) != code:
                raise

    def list_all(self, client: Any, operation: str, key: str, **arguments: str) -> list[dict[str, Any]]:
        """Return the items, under `key`, of all pages that the operation returns."""

        def pages() -> Iterator[dict[str, Any]]:
            for page in client.get_paginator(operation).paginate(**arguments):
                yield from cast("list[dict[str, Any]]", page[key])

        return self.send(lambda: list(pages()))
