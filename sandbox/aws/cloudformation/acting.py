"""On whose behalf CloudFormation works: a stack's own role, a service's role, or whoever called."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from sandbox.aws import authorization, emulator
from sandbox.aws.authorization import Principal
from sandbox.aws.errors import ServiceError

CHANGES = frozenset({"CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "ExecuteChangeSet"})

STACK_ID = re.compile(r"<StackId>([^<]+)</StackId>")

_acting: ContextVar[Principal | None] = ContextVar("acting_principal", default=None)


def principal() -> Principal:
    """Who the stack operation that is running acts as.

    Raises:
        ServiceError: no stack operation is running.
    """
    current = _acting.get()
    if current is None:
        raise ServiceError("InternalFailure", "a stack changes without anybody acting", 500)
    return current


@contextmanager
def on_behalf_of(somebody: Principal) -> Generator[None]:
    """Everything that CloudFormation starts meanwhile, it does as `somebody`."""
    token = _acting.set(somebody)
    try:
        yield
    finally:
        _acting.reset(token)


def install() -> None:
    """Decide for every request to CloudFormation as whom its stack is changed."""
    handle = emulator.application.SERVICE_HANDLERS["cloudformation"]

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        params = {**query, **parse_qs(body.decode(), keep_blank_values=True)}
        action = _first(params, "Action")
        if action == "DescribeStacks":
            status, answer, text = await handle(method, path, headers, body, query)
            return status, answer, STACK_ID.sub(_with_role, text.decode()).encode()
        if action not in CHANGES:
            return await handle(method, path, headers, body, query)
        try:
            somebody = _principal_of(params, authorization.caller(headers, query))
        except ServiceError as error:
            return emulator.helpers._error(error.code, error.message, error.status)
        with on_behalf_of(somebody):
            response = await handle(method, path, headers, body, query)
        role = _first(params, "RoleARN")
        stack = _stack(_first(params, "StackName"))
        if role and stack is not None and response[0] == 200:
            stack["RoleARN"] = role
        return response

    emulator.application.SERVICE_HANDLERS["cloudformation"] = handle_request


def _principal_of(params: dict[str, list[str]], caller: Principal) -> Principal:
    stack = _stack(_first(params, "StackName"))
    role = _first(params, "RoleARN") or (stack or {}).get("RoleARN")
    if not role:
        return caller
    if not authorization.service_may_assume(role, "cloudformation.amazonaws.com", source_account=emulator.account_id()):
        raise ServiceError("ValidationError", f"Role {role} is invalid or cannot be assumed")
    return authorization.session(role, "AWSCloudFormation")


def _with_role(match: re.Match[str]) -> str:
    role = (_stack(match[1]) or {}).get("RoleARN")
    return f"{match[0]}<RoleARN>{role}</RoleARN>" if role else match[0]


def _stack(name: str) -> dict[str, Any] | None:
    return emulator.cloudformation._stacks.get(name.split("/")[1] if name.startswith("arn:") else name)


def _first(params: dict[str, list[str]], name: str) -> str:
    return params.get(name, [""])[0]
