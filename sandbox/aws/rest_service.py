"""A service that speaks AWS's REST protocol with JSON: operations are found by method and path, as its model says."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from sandbox.aws import validation
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import gateway
from sandbox.aws.ministack.gateway import Handler, Request, Response
from sandbox.aws.service import Call, Members, Operation, failure, reply

LABEL = re.compile(r"\{(\w+)\+?\}")


@dataclass(frozen=True, kw_only=True)
class RestService:
    """A service, and the operations that it answers."""

    name: str
    """Name of the service, in botocore, in IAM and in MiniStack."""
    operations: Mapping[str, Operation]

    def install(self) -> None:
        """Answer the requests of this service from now on, in the place of MiniStack."""
        gateway.intercept(self.name, self._answer)

    async def _answer(self, request: Request, go_on: Handler) -> Response:
        del go_on
        try:
            operation, members = parse(self.name, request)
            if operation not in self.operations:
                raise NotEmulatedError(f"{self.name}:{operation}")
            validation.check(validation.service_model(self.name).operation_model(operation).input_shape, members)
            caller = authorization.caller(request)
            return reply(self.operations[operation](Call(operation=operation, members=members, caller=caller)))
        except ServiceError as error:
            return failure(error)


def parse(service: str, request: Request) -> tuple[str, Members]:
    """Return the operation of a request, and its members: those in the path, in the query and in the body.

    Raises:
        ServiceError: there is no such operation, or the body is not JSON.
    """
    for operation, method, path in _operations(service):
        matched = path.fullmatch(request.path) if method == request.method else None
        if matched:
            try:
                body = json.loads(request.body or b"{}")
            except ValueError:
                raise ServiceError("SerializationException", "the request is not JSON") from None
            labels = {name: unquote(value) for name, value in matched.groupdict().items()}
            return operation, {**body, **_query_members(service, operation, request.query), **labels}
    raise ServiceError("UnknownOperationException", f"{service} has no {request.method} {request.path}", 404)


def _query_members(service: str, operation: str, query: Mapping[str, list[str]]) -> Members:
    shape: Any = validation.service_model(service).operation_model(operation).input_shape
    members: Members = {}
    for name, member in shape.members.items():
        values = query.get(member.serialization.get("name", name), [])
        if member.serialization.get("location") == "querystring" and values:
            if member.type_name == "list":
                members[name] = values
            else:
                members[name] = int(values[0]) if member.type_name == "integer" else values[0]
    return members


@cache
def _operations(service: str) -> list[tuple[str, str, re.Pattern[str]]]:
    """List the name, the method and the path of every operation."""
    model = validation.service_model(service)
    found = ((name, model.operation_model(name).http) for name in model.operation_names)
    return [(name, http["method"], _path(http["requestUri"])) for name, http in found]


def _path(uri: str) -> re.Pattern[str]:
    parts = LABEL.split(uri.partition("?")[0])
    # An ARN in a path has slashes of its own, and is the last part of it.
    last = len(parts) - 2
    labelled = (
        (f"(?P<{part}>.+)" if number == last else f"(?P<{part}>[^/]+)") if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    return re.compile("".join(labelled))
