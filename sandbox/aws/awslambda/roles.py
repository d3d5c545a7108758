"""Roles of functions: Lambda refuses one that could not serve its function."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.aws.iam import authorization
from sandbox.aws.ministack import gateway, lambda_functions, scope
from sandbox.aws.ministack.gateway import Handler, Request, Response


def install() -> None:
    """Refuse functions whose role gives no access to their network, or to their dead-letter queue."""
    gateway.intercept("lambda", _check)


async def _check(request: Request, go_on: Handler) -> Response:
    last = request.path.rstrip("/").rpartition("/")[2]
    if (request.method, last) in (("POST", "functions"), ("PUT", "configuration")) and "/functions" in request.path:
        refusal = _refusal(request.json(), request.path)
        if refusal:
            headers = {"Content-Type": "application/json", "x-amzn-errortype": "InvalidParameterValueException"}
            return 400, headers, json.dumps({"Type": "User", "message": refusal}).encode()
    return await go_on(request)


def _refusal(members: Mapping[str, Any], path: str) -> str:
    role = members.get("Role") or _role_of(path)
    if role is None:
        return ""
    principal = authorization.session(role, "awslambda")
    subnets = members.get("VpcConfig", {}).get("SubnetIds", [])
    if subnets:
        # Lambda needs to delete any interface, and the rest on the function's own network.
        for operation, resource in (
            ("CreateNetworkInterface", scope.arn("ec2", f"subnet/{subnets[0]}")),
            ("DescribeNetworkInterfaces", "*"),
            ("DeleteNetworkInterface", scope.arn("ec2", "*/*")),
        ):
            if not authorization.is_allowed(principal, f"ec2:{operation}", resource):
                return f"The provided execution role does not have permissions to call {operation} on EC2"
    queue = members.get("DeadLetterConfig", {}).get("TargetArn", "")
    if queue.startswith("arn:aws:sqs:") and not authorization.is_allowed(principal, "sqs:SendMessage", queue):
        return "The provided execution role does not have permissions to call SendMessage on SQS"
    return ""


def _role_of(path: str) -> str | None:
    name = path.rstrip("/").split("/")[-2]
    function = lambda_functions.find_function(name.rpartition(":")[2])
    return function["config"]["Role"] if function else None
