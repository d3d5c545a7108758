"""A service that speaks AWS's JSON protocol: one function per operation, requests checked by AWS's own model."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.aws import authorization, emulator, validation
from sandbox.aws.authorization import Principal
from sandbox.aws.errors import NotEmulatedError, ServiceError

Members = dict[str, Any]
"""Members of a request or of a response, by name."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of an operation: who asks, and for what."""

    operation: str
    members: Members
    caller: Principal


Operation = Callable[[Call], Members]


@dataclass(frozen=True, kw_only=True)
class JsonService:
    """What a service answers to."""

    name: str
    """Name of the service, in botocore and in IAM."""
    target_prefix: str
    """What its `X-Amz-Target` headers begin with."""
    operations: Mapping[str, Operation]

    def install(self) -> None:
        """Let MiniStack route requests of this service here."""
        emulator.router.SERVICE_PATTERNS[self.name] = {"target_prefixes": [f"{self.target_prefix}."]}
        emulator.actions.SERVICE_TO_IAM_NAMESPACE[self.name] = self.name
        emulator.application.SERVICE_HANDLERS[self.name] = self.handle_request

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        """Answer one request."""
        del method, path
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            members = self.parse(operation, body)
            return reply(
                self.operations[operation](
                    Call(operation=operation, members=members, caller=authorization.caller(headers, query))
                )
            )
        except ServiceError as error:
            return failure(error)

    def parse(self, operation: str, body: bytes) -> Members:
        """The members of a request, checked against the service's model.

        Raises:
            NotEmulatedError: the sandbox does not know the operation.
            ServiceError: the request is not what AWS would accept.
        """
        if operation not in self.operations:
            raise NotEmulatedError(f"{self.name}:{operation}")
        try:
            members = json.loads(body or b"{}")
        except json.JSONDecodeError:
            raise ServiceError("SerializationException", "the request is not JSON") from None
        validation.check(validation.service_model(self.name).operation_model(operation).input_shape, members)
        return members


def reply(members: Members) -> emulator.Response:
    """A successful answer."""
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(members, default=_encode).encode()


def failure(error: ServiceError) -> emulator.Response:
    """An error as the JSON protocol carries it."""
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    return error.status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": error.code}, body


def now() -> float:
    """This moment as the JSON protocol writes it: seconds since the epoch."""
    return round(datetime.now(UTC).timestamp(), 3)


def _encode(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no place in an answer")
