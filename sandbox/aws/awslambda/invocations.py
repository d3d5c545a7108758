"""Asynchronous invocations: those that fail are tried again, counted, and put into the dead-letter queue.

Those for which a function has no capacity wait in its queue, however often they are refused. CloudFormation's requests for custom
resources are such invocations.

Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation" and "Adding a
dead-letter queue".
"""

import time
import uuid
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, cast

from sandbox.aws import clock, deliveries, queue_writers
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import cloudwatch, lambda_functions

FIRST_RETRY_SECONDS = 60
"""Pause before AWS tries a failed invocation again; the second pause is twice as long."""

FIRST_REFUSAL_SECONDS = 1
"""Pause before AWS tries an invocation again for which the function had no capacity; each further pause is twice as long."""
LONGEST_REFUSAL_SECONDS = 300

_request: ContextVar[str] = ContextVar("asynchronous_request", default="")
"""Id of the asynchronous invocation that is being served; every attempt at it has the same."""
_arrived: ContextVar[float] = ContextVar("asynchronous_arrival", default=0.0)
"""Moment at which it was put into the function's queue."""


def install() -> None:
    """Retry, count and set aside as Lambda does."""
    lambda_functions.pause_before_retries(clock.seconds(FIRST_RETRY_SECONDS))
    lambda_functions.repeat_throttled(_waits_for_capacity)
    lambda_functions.invoke_custom_resources_asynchronously()
    lambda_functions.intercept_asynchronous_invocations(_invoke)
    lambda_functions.report_results(_count_error)
    lambda_functions.name_requests(lambda own: _request.get() or own)
    lambda_functions.intercept_failures(_set_aside)


def _invoke(go_on: Callable[[], None]) -> None:
    tokens = _request.set(str(uuid.uuid4())), _arrived.set(time.monotonic())
    try:
        go_on()
    finally:
        _request.reset(tokens[0])
        _arrived.reset(tokens[1])


def _waits_for_capacity(refusals: int, longest: float) -> bool:
    """Wait for capacity, if the event may; who waits for an answer is refused at once.

    The age counts in real seconds, as the function's own time does.
    """
    pause = clock.seconds(min(FIRST_REFUSAL_SECONDS * 2**refusals, LONGEST_REFUSAL_SECONDS))
    if not _request.get() or time.monotonic() - _arrived.get() + pause > longest:
        return False
    time.sleep(pause)
    return True


def _count_error(name: str, result: Mapping[str, Any]) -> None:
    if _request.get() and result.get("error"):
        cloudwatch.record_count("AWS/Lambda", "Errors", 1, {"FunctionName": name})


def _set_aside(target: str, name: str, event: Any, result: Mapping[str, Any], go_on: Callable[[], None]) -> None:
    function = lambda_functions.find_function(name) or {}
    dead_letters = function.get("config", {}).get("DeadLetterConfig", {}).get("TargetArn")
    if target != dead_letters or ":sqs:" not in target:
        go_on()
        return
    role = function["config"]["Role"]
    if not queue_writers.may_send(authorization.session(role, "awslambda"), target):
        cloudwatch.record_count("AWS/Lambda", "DeadLetterErrors", 1, {"FunctionName": name})
        return
    body: Any = result.get("body")
    message = str(cast(Mapping[str, Any], body).get("errorMessage")) if isinstance(body, dict) else "Unhandled"
    attributes = {"RequestID": _request.get(), "ErrorCode": "200", "ErrorMessage": message[:1024]}
    deliveries.send(target, event, attributes)
