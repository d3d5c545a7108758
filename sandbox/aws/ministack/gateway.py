"""MiniStack's front door: requests on their way to the services that answer them."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, cast
from urllib.parse import parse_qs

import botocore.session

from sandbox.aws.ministack import modules

Response = tuple[int, dict[str, str], bytes]
"""An answer: status, headers, body."""

app: Callable[..., Awaitable[None]] = modules.application.app
"""MiniStack as an ASGI application."""

logger: Any = modules.application.logger


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to a service."""

    method: str
    path: str
    headers: dict[str, str]
    """Headers; the names are in lower case."""
    body: bytes
    query: dict[str, list[str]]

    @property
    def target(self) -> str:
        """The operation that the header `X-Amz-Target` names; empty without it."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def signed(self) -> bool:
        """True if the request carries a signature in its headers."""
        return self.headers.get("authorization", "") != ""

    def form(self) -> dict[str, list[str]]:
        """Return the parameters of the query and of a form in the body."""
        return {**self.query, **parse_qs(self.body.decode(errors="replace"))}

    def json(self) -> dict[str, Any]:
        """Return the members of a body in JSON; none if it is not a JSON object."""
        return json_members(self.body)


Handler = Callable[[Request], Awaitable[Response]]
Interceptor = Callable[[Request, Handler], Awaitable[Response]]
"""Answers a request, or lets the handler do so."""


def json_members(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON object; none if the text is not one."""
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        return {}
    return cast(dict[str, Any], members) if isinstance(members, dict) else {}


def serve(service: str, target_prefix: str, handler: Handler) -> None:
    """Route the requests of a service that MiniStack lacks, whose `X-Amz-Target` begins with a prefix, to a handler."""
    modules.router.SERVICE_PATTERNS[service] = {"target_prefixes": [f"{target_prefix}."]}
    modules.actions.SERVICE_TO_IAM_NAMESPACE[service] = service
    modules.application.SERVICE_HANDLERS[service] = _unpacked(handler)


def intercept(service: str, interceptor: Interceptor) -> None:
    """Show a service's requests to an interceptor first; the last one that was added sees them first."""
    handle = modules.application.SERVICE_HANDLERS[service]

    async def go_on(request: Request) -> Response:
        return await handle(request.method, request.path, request.headers, request.body, request.query)

    async def answer(request: Request) -> Response:
        return await interceptor(request, go_on)

    modules.application.SERVICE_HANDLERS[service] = _unpacked(answer)


def intercept_all(interceptor: Callable[[str, Request, Handler], Awaitable[Response]]) -> None:
    """Show the requests of every service to an interceptor, with the name of the service."""
    for service in list(modules.application.SERVICE_HANDLERS):
        intercept(service, partial(interceptor, service))


def name_services() -> None:
    """Tell MiniStack the names of AWS's services, by which it refuses those that it lacks.

    It would load every model of botocore to learn them, which takes seconds.
    """
    modules.router._is_aws_service_name = _is_service


def _is_service(scope_name: str) -> bool:
    return scope_name in _service_names()


@cache
def _service_names() -> frozenset[str]:
    session = botocore.session.get_session()
    partitions = session.get_data("endpoints")["partitions"]
    names = {name for partition in partitions for name in partition["services"]}
    return frozenset({*names, *session.get_available_services()})


def access_key_id(request: Request) -> str:
    """Return the access key that signed a request; empty if none did."""
    return modules.router.extract_access_key_id(request.headers, request.query) or ""


def parameters(request: Request) -> Mapping[str, Any]:
    """Return the parameters of a query or a form, as MiniStack reads them."""
    return modules.application._routing_params(
        request.method, request.path, request.headers, request.body, request.query
    )


def _unpacked(handler: Handler) -> Callable[..., Awaitable[Response]]:
    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Response:
        return await handler(Request(method=method, path=path, headers=headers, body=body, query=query))

    return handle_request
