"""A service that speaks AWS's JSON protocol: one function per operation, requests checked by AWS's own model."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.aws import validation
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import gateway
from sandbox.aws.ministack.gateway import Request, Response

Members = dict[str, Any]
"""Members of a request or of a response, by name."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of an operation: its members, and the caller."""

    operation: str
    members: Members
    caller: Principal


Operation = Callable[[Call], Members]


@dataclass(frozen=True, kw_only=True)
class JsonService:
    """A service, and the operations that it answers."""

    name: str
    """Name of the service, in botocore and in IAM."""
    target_prefix: str
    """The beginning of its `X-Amz-Target` headers."""
    operations: Mapping[str, Operation]

    def install(self) -> None:
        """Answer the requests of this service from now on."""
        gateway.serve(self.name, self.target_prefix, self.answer)

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        operation = request.target
        try:
            members = self.parse(operation, request.body)
            caller = authorization.caller(request)
            return reply(self.operations[operation](Call(operation=operation, members=members, caller=caller)))
        except ServiceError as error:
            return failure(error)

    def parse(self, operation: str, body: bytes) -> Members:
        """Return the members of a request, checked against the service's model.

        Raises:
            NotEmulatedError: the sandbox does not know the operation.
            ServiceError: AWS would not accept the request.
        """
        if operation not in self.operations:
            raise NotEmulatedError(f"{self.name}:{operation}")
        try:
            members = json.loads(body or b"{}")
        except json.JSONDecodeError:
            raise ServiceError("SerializationException", "the request is not JSON") from None
        validation.check(validation.service_model(self.name).operation_model(operation).input_shape, members)
        return members


def reply(members: Members) -> Response:
    """Return a successful answer."""
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(members, default=_encode).encode()


def failure(error: ServiceError) -> Response:
    """Return an error as the JSON protocol carries it."""
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    return error.status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": error.code}, body


def now() -> float:
    """Return this moment as the JSON protocol writes it: seconds since the epoch."""
    return round(datetime.now(UTC).timestamp(), 3)


def _encode(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no place in an answer")
