"""What Lambda functions find: the local AWS over TLS, and a certificate authority that they trust.

Also what becomes of asynchronous invocations that fail: AWS Lambda Developer Guide, "How Lambda handles errors and
retries with asynchronous invocation" and "Adding a dead-letter queue".
"""

import json
import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, cast

from sandbox.aws import authorization, clock, deliveries, emulator, encryption
from sandbox.aws.errors import AccessDeniedError

FUNCTION = "SourceFunctionArn"
FIRST_RETRY_SECONDS = 60
"""How long AWS waits before it tries a failed invocation again; then twice as long."""

_request: ContextVar[str] = ContextVar("asynchronous_request", default="")
"""Id of the asynchronous invocation that is being served; every attempt at it has the same."""


def check_roles() -> None:
    """Refuse functions whose role could not serve them: no way into the network, none to the dead-letter queue."""
    handle = emulator.application.SERVICE_HANDLERS["lambda"]

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        last = path.rstrip("/").rpartition("/")[2]
        if (method, last) in (("POST", "functions"), ("PUT", "configuration")) and "/functions" in path:
            refusal = _refusal(json.loads(body), path)
            if refusal:
                answer = {"Content-Type": "application/json", "x-amzn-errortype": "InvalidParameterValueException"}
                return 400, answer, json.dumps({"Type": "User", "message": refusal}).encode()
        return await handle(method, path, headers, body, query)

    emulator.application.SERVICE_HANDLERS["lambda"] = handle_request


def _refusal(members: Mapping[str, Any], path: str) -> str:
    role = members.get("Role") or _role_of(path)
    if role is None:
        return ""
    principal = authorization.session(role, "awslambda")
    subnets = members.get("VpcConfig", {}).get("SubnetIds", [])
    if subnets:
        # Lambda asks for the deletion of any interface, and for the rest on the function's own network.
        scope = f"arn:aws:ec2:{emulator.region()}:{emulator.account_id()}"
        for operation, resource in (
            ("CreateNetworkInterface", f"{scope}:subnet/{subnets[0]}"),
            ("DescribeNetworkInterfaces", "*"),
            ("DeleteNetworkInterface", f"{scope}:*/*"),
        ):
            if not authorization.is_allowed(principal, f"ec2:{operation}", resource):
                return f"The provided execution role does not have permissions to call {operation} on EC2"
    queue = members.get("DeadLetterConfig", {}).get("TargetArn", "")
    if queue.startswith("arn:aws:sqs:") and not authorization.is_allowed(principal, "sqs:SendMessage", queue):
        return "The provided execution role does not have permissions to call SendMessage on SQS"
    return ""


def _role_of(path: str) -> str | None:
    name = path.rstrip("/").split("/")[-2]
    function = emulator.functions._functions.get(name.rpartition(":")[2])
    return function["config"]["Role"] if function else None


def install(port: int, certificate_authority: Path) -> None:
    """Point functions at this server."""
    trusted = str(certificate_authority)

    def trust_gateway_cert(environment: dict[str, str]) -> None:
        # The function's own settings win, as everywhere in Lambda.
        environment["AWS_ENDPOINT_URL"] = f"https://localhost:{port}"
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            environment.setdefault(name, trusted)

    emulator.tls.trust_gateway_cert = trust_gateway_cert
    _name_calling_function()
    _retry_and_set_aside()


def _retry_and_set_aside() -> None:
    """Let failed asynchronous invocations be tried again, counted, and put into the function's dead-letter queue."""
    invoke = emulator.functions.invoke_async_with_retry
    execute = emulator.functions._execute_function
    dispatch = emulator.functions._execute_function_dispatch
    route = emulator.functions._route_async_failure
    emulator.functions._LAMBDA_ASYNC_RETRY_BASE_SECONDS = clock.seconds(FIRST_RETRY_SECONDS)

    def invoke_async_with_retry(function: Any, event: Any) -> None:
        # MiniStack starts a thread that sees what is set here.
        token = _request.set(str(uuid.uuid4()))
        try:
            invoke(function, event)
        finally:
            _request.reset(token)

    def execute_function(function: Any, event: Any) -> Any:
        result = execute(function, event)
        if _request.get() and result.get("error"):
            name = (function.get("config") or function)["FunctionName"]
            emulator.cloudwatch.record_metric("AWS/Lambda", "Errors", 1, "Count", {"FunctionName": name})
        return result

    def execute_function_dispatch(function: Any, config: Any, event: Any, request: str, started: float) -> Any:
        return dispatch(function, config, event, _request.get() or request, started)

    def route_async_failure(target: str, name: str, event: Any, result: Mapping[str, Any]) -> None:
        function: Mapping[str, Any] = emulator.functions._functions.get(name) or {}
        dead_letters = function.get("config", {}).get("DeadLetterConfig", {}).get("TargetArn")
        if target != dead_letters or ":sqs:" not in target:
            route(target, name, event, result)
            return
        if not _may_write(function["config"]["Role"], target):
            emulator.cloudwatch.record_metric("AWS/Lambda", "DeadLetterErrors", 1, "Count", {"FunctionName": name})
            return
        body: Any = result.get("body")
        message = str(cast(Mapping[str, Any], body).get("errorMessage")) if isinstance(body, dict) else "Unhandled"
        attributes = {"RequestID": _request.get(), "ErrorCode": "200", "ErrorMessage": message[:1024]}
        deliveries.send(target, event, attributes)

    emulator.functions.invoke_async_with_retry = invoke_async_with_retry
    emulator.functions._execute_function = execute_function
    emulator.functions._execute_function_dispatch = execute_function_dispatch
    emulator.functions._route_async_failure = route_async_failure


def _may_write(role: str, queue: str) -> bool:
    """Whether a function's role lets Lambda put messages into the queue, and use the queue's key for it."""
    principal = authorization.session(role, "awslambda")
    if not authorization.is_allowed(principal, "sqs:SendMessage", queue):
        return False
    try:
        encryption.require_uses(principal, encryption.of_queue(queue, encryption.QUEUE_WRITE))
    except AccessDeniedError:
        return False
    return True


def _name_calling_function() -> None:
    """Let policies see which function calls, by `lambda:SourceFunctionArn`."""
    credentials_of = emulator.lambda_runtime.execution_credentials
    keys_of = emulator.evaluator._principal_keys

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        credentials = credentials_of(config)
        session = emulator.sts._sessions[credentials["AWS_ACCESS_KEY_ID"]]
        session[FUNCTION] = ":".join(config["FunctionArn"].split(":")[:7])
        return credentials

    def principal_keys(credential: Any) -> dict[str, Any]:
        session: dict[str, Any] = emulator.sts._sessions.get(credential.access_key_id) or {}
        own = {"lambda:sourcefunctionarn": session[FUNCTION]} if FUNCTION in session else {}
        return {**keys_of(credential), **own}

    emulator.lambda_runtime.execution_credentials = execution_credentials
    emulator.evaluator._principal_keys = principal_keys
