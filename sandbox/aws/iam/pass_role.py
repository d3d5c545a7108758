"""`iam:PassRole`: handing a role to a service takes this permission, and the role must trust the service."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.aws.errors import AccessDeniedError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import gateway, request_authorization, scope
from sandbox.aws.ministack.gateway import Handler, Request, Response

ROLE_MEMBERS = frozenset({"RoleArn", "ExecutionRole", "ExecutionRoleArn"})
"""Members of SageMaker's requests that hand over a role."""


@dataclass(frozen=True, kw_only=True)
class Passing:
    """A role that a request hands to a service."""

    role_arn: str
    service: str


Finder = Callable[[Request], Iterator[Passing]]


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
        _check_requests(service, finder)


def check(principal: authorization.Principal, passing: Passing) -> None:
    """Refuse unless the principal may pass the role to the service.

    Raises:
        AccessDeniedError: it may not.
    """
    authorization.require(principal, "iam:PassRole", passing.role_arn, {"iam:PassedToService": passing.service})


def _check_requests(service: str, finder: Finder) -> None:
    async def answer(request: Request, go_on: Handler) -> Response:
        for passing in finder(request):
            caller = authorization.caller(request)
            try:
                check(caller, passing)
            except AccessDeniedError as denied:
                return request_authorization.refuse(service, request, "iam:PassRole", caller.arn, denied.message)
            refusal = _trust_refusal(service, passing)
            if refusal:
                return refusal
        return await go_on(request)

    gateway.intercept(service, answer)


def _trust_refusal(service: str, passing: Passing) -> Response | None:
    if service not in ("lambda", "ec2"):
        return None
    if authorization.service_may_assume(passing.role_arn, passing.service, source_account=scope.account_id()):
        return None
    if service == "ec2":
        message = f"Unable to assume given IAM role {passing.role_arn}"
        error = f"<Error><Code>InvalidParameter</Code><Message>{message}</Message></Error>"
        return 400, {"Content-Type": "text/xml"}, f"<Response><Errors>{error}</Errors></Response>".encode()
    message = "The role defined for the function cannot be assumed by Lambda."
    return (
        400,
        {"Content-Type": "application/json", "x-amzn-errortype": "InvalidParameterValueException"},
        json.dumps({"Type": "User", "message": message}).encode(),
    )


def _of_lambda(request: Request) -> Iterator[Passing]:
    parts = request.path.rstrip("/").split("/")
    creates = request.method == "POST" and parts[-1] == "functions"
    updates = request.method == "PUT" and parts[-1] == "configuration" and "functions" in parts
    role = request.json().get("Role") if creates or updates else None
    if role:
        yield Passing(role_arn=role, service="lambda.amazonaws.com")


def _of_sagemaker(request: Request) -> Iterator[Passing]:
    if request.target.startswith(("Create", "Update")):
        for role in sorted(set(_roles(request.json()))):
            yield Passing(role_arn=role, service="sagemaker.amazonaws.com")


def _of_cloudformation(request: Request) -> Iterator[Passing]:
    for role in request.form().get("RoleARN", []):
        yield Passing(role_arn=role, service="cloudformation.amazonaws.com")


def _of_ec2(request: Request) -> Iterator[Passing]:
    form = request.form()
    if form.get("Action") == ["CreateFlowLogs"]:
        for role in form.get("DeliverLogsPermissionArn", []):
            yield Passing(role_arn=role, service="vpc-flow-logs.amazonaws.com")


def _of_events(request: Request) -> Iterator[Passing]:
    if request.target == "PutTargets":
        for target in request.json().get("Targets", []):
            if "RoleArn" in target:
                yield Passing(role_arn=target["RoleArn"], service="events.amazonaws.com")


def _of_scheduler(request: Request) -> Iterator[Passing]:
    changes = "/schedules/" in request.path and request.method in ("POST", "PUT")
    role = request.json().get("Target", {}).get("RoleArn") if changes else None
    if role:
        yield Passing(role_arn=role, service="scheduler.amazonaws.com")


def _of_logs(request: Request) -> Iterator[Passing]:
    role = request.json().get("roleArn") if request.target == "PutSubscriptionFilter" else None
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
