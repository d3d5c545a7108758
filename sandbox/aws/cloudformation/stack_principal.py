"""The principal that a stack acts as: its service role, the role of a service that uses it, or the caller."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import cloudformation, gateway, scope
from sandbox.aws.ministack.gateway import Handler, Request, Response

CHANGES = frozenset(
    {"CreateStack", "UpdateStack", "ContinueUpdateRollback", "DeleteStack", "CreateChangeSet", "ExecuteChangeSet"}
)

STACK_ID = re.compile(r"<StackId>([^<]+)</StackId>")

_principal: ContextVar[Principal | None] = ContextVar("stack_principal", default=None)


def current() -> Principal:
    """Return the principal of the stack operation that is running.

    Raises:
        ServiceError: no stack operation is running.
    """
    principal = _principal.get()
    if principal is None:
        raise ServiceError("InternalFailure", "a stack changes without a principal", 500)
    return principal


@contextmanager
def on_behalf_of(principal: Principal) -> Generator[None]:
    """Let every stack operation that starts meanwhile act as `principal`."""
    token = _principal.set(principal)
    try:
        yield
    finally:
        _principal.reset(token)


def install() -> None:
    """Decide for every request to CloudFormation which principal changes its stack."""
    gateway.intercept("cloudformation", _answer)


async def _answer(request: Request, go_on: Handler) -> Response:
    params = request.form()
    action = _first(params, "Action")
    if action == "DescribeStacks":
        status, headers, body = await go_on(request)
        return status, headers, STACK_ID.sub(_with_role, body.decode()).encode()
    if action not in CHANGES:
        return await go_on(request)
    try:
        principal = _principal_of(params, authorization.caller(request))
    except ServiceError as error:
        return cloudformation.error(error.code, error.message, error.status)
    with on_behalf_of(principal):
        response = await go_on(request)
    role = _first(params, "RoleARN")
    stack = _stack(_first(params, "StackName"))
    if role and stack is not None and response[0] == 200:
        stack["RoleARN"] = role
    return response


def _principal_of(params: dict[str, list[str]], caller: Principal) -> Principal:
    stack = _stack(_first(params, "StackName"))
    role = _first(params, "RoleARN") or (stack or {}).get("RoleARN")
    if not role:
        return caller
    if not authorization.service_may_assume(role, "cloudformation.amazonaws.com", source_account=scope.account_id()):
        raise ServiceError("ValidationError", f"Role {role} is invalid or cannot be assumed")
    return authorization.session(role, "AWSCloudFormation")


def _with_role(match: re.Match[str]) -> str:
    role = (_stack(match[1]) or {}).get("RoleARN")
    return f"{match[0]}<RoleARN>{role}</RoleARN>" if role else match[0]


def _stack(name: str) -> dict[str, Any] | None:
    return cloudformation.find_stack(name.split("/")[1] if name.startswith("arn:") else name)


def _first(params: dict[str, list[str]], name: str) -> str:
    return params.get(name, [""])[0]
