"""`iam:PassRole`: whoever gives a role to a service needs the permission, and the service must be let in by the role."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs

from sandbox.aws import authorization, emulator
from sandbox.aws.errors import AccessDeniedError, ServiceError

ROLE_MEMBERS = frozenset({"RoleArn", "ExecutionRole", "ExecutionRoleArn"})
"""Members of SageMaker's requests that hand over a role."""


@dataclass(frozen=True, kw_only=True)
class Passing:
    """A role that a request hands to a service."""

    role_arn: str
    service: str


Finder = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, list[str]]], Iterator[Passing]]


def install() -> None:
    """Check every request that hands a role to a service."""
    finders: Mapping[str, Finder] = {
        "lambda": _of_lambda,
        "sagemaker": _of_sagemaker,
        "cloudformation": _of_cloudformation,
        "ec2": _of_ec2,
        "events": _of_events,
        "scheduler": _of_scheduler,
        "logs": _of_logs,
    }
    for service, finder in finders.items():
        emulator.application.SERVICE_HANDLERS[service] = _checked(
            service, finder, emulator.application.SERVICE_HANDLERS[service]
        )


def check(principal: authorization.Principal, passing: Passing) -> None:
    """Refuse unless the principal may pass the role to the service.

    Raises:
        AccessDeniedError: it may not.
    """
    authorization.require(principal, "iam:PassRole", passing.role_arn, {"iam:PassedToService": passing.service})


def _checked(service: str, finder: Finder, handle: Any) -> Any:
    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        for passing in finder(method, path, headers, body, query):
            caller = authorization.caller(headers, query)
            try:
                check(caller, passing)
            except AccessDeniedError as denied:
                status, answer, text = emulator.actions.access_denied_response(
                    service, "iam:PassRole", caller.arn, "", headers=headers, message=denied.message
                )
                return status, answer, text
            refusal = _trust_refusal(service, passing)
            if refusal:
                return refusal
        return await handle(method, path, headers, body, query)

    return handle_request


def _trust_refusal(service: str, passing: Passing) -> emulator.Response | None:
    if service not in ("lambda", "ec2"):
        return None
    if authorization.service_may_assume(passing.role_arn, passing.service, source_account=emulator.account_id()):
        return None
    if service == "ec2":
        message = f"Unable to assume given IAM role {passing.role_arn}"
        body = f"<Response><Errors><Error><Code>InvalidParameter</Code><Message>{message}</Message></Error></Errors></Response>"
        return 400, {"Content-Type": "text/xml"}, body.encode()
    message = "The role defined for the function cannot be assumed by Lambda."
    return (
        400,
        {"Content-Type": "application/json", "x-amzn-errortype": "InvalidParameterValueException"},
        json.dumps({"Type": "User", "message": message}).encode(),
    )


def _of_lambda(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Passing]:
    del headers, query
    parts = path.rstrip("/").split("/")
    creates = method == "POST" and parts[-1] == "functions"
    updates = method == "PUT" and parts[-1] == "configuration" and "functions" in parts
    role = _json(body).get("Role") if creates or updates else None
    if role:
        yield Passing(role_arn=role, service="lambda.amazonaws.com")


def _of_sagemaker(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Passing]:
    del method, path, query
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation.startswith(("Create", "Update")):
        for role in sorted(set(_roles(_json(body)))):
            yield Passing(role_arn=role, service="sagemaker.amazonaws.com")


def _of_cloudformation(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Passing]:
    del method, path, headers
    for role in _form(body, query).get("RoleARN", []):
        yield Passing(role_arn=role, service="cloudformation.amazonaws.com")


def _of_ec2(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Passing]:
    del method, path, headers
    form = _form(body, query)
    if form.get("Action") == ["CreateFlowLogs"]:
        for role in form.get("DeliverLogsPermissionArn", []):
            yield Passing(role_arn=role, service="vpc-flow-logs.amazonaws.com")


def _of_events(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Passing]:
    del method, path, query
    if headers.get("x-amz-target", "").endswith(".PutTargets"):
        for target in _json(body).get("Targets", []):
            if "RoleArn" in target:
                yield Passing(role_arn=target["RoleArn"], service="events.amazonaws.com")


def _of_scheduler(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Passing]:
    del headers, query
    role = _json(body).get("Target", {}).get("RoleArn") if "/schedules/" in path and method in ("POST", "PUT") else None
    if role:
        yield Passing(role_arn=role, service="scheduler.amazonaws.com")


def _of_logs(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Passing]:
    del method, path, query
    role = _json(body).get("roleArn") if headers.get("x-amz-target", "").endswith(".PutSubscriptionFilter") else None
    if role:
        yield Passing(role_arn=role, service="logs.amazonaws.com")


def _roles(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in cast(Mapping[str, Any], value).items():
            if name in ROLE_MEMBERS and isinstance(item, str):
                yield item
            else:
                yield from _roles(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _roles(item)


def _json(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", str(error)) from None
    return cast(dict[str, Any], members) if isinstance(members, dict) else {}


def _form(body: bytes, query: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {**query, **parse_qs(body.decode(errors="replace"))}
