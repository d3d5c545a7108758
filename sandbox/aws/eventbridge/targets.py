"""EventBridge where MiniStack falls short: permissions of rules, undeliverable events, schedules.

Source: Amazon EventBridge User Guide, "Using resource-based policies for Amazon EventBridge", "How EventBridge retries
delivering events" and "Using dead-letter queues to process undelivered events".
"""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sandbox.aws import clock, deliveries
from sandbox.aws.deliveries import Sender
from sandbox.aws.ministack import eventbridge, lambda_functions

SERVICE = "events.amazonaws.com"


class UndeliverableError(Exception):
    """A target cannot be reached, and trying again would not help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """An event on its way to a target."""

    rule: Mapping[str, Any]
    target: Mapping[str, Any]

    @property
    def sender(self) -> Sender:
        """EventBridge, because of the rule."""
        return Sender(service=SERVICE, source_arn=self.rule["Arn"])


_delivery: ContextVar[Delivery | None] = ContextVar("delivery", default=None)


def install() -> None:
    """Deliver as EventBridge does, and fire schedules by the sandbox's clock."""
    eventbridge.intercept_deliveries(_start_delivery, _deliver, _invoke_function)
    eventbridge.compress_schedules(clock.seconds, clock.seconds(clock.TICK))


def _start_delivery(rule: Mapping[str, Any], target: Mapping[str, Any], go_on: Callable[[], None]) -> None:
    token = _delivery.set(Delivery(rule=rule, target=target))
    try:
        go_on()
    finally:
        _delivery.reset(token)


def _deliver(arn: str, payload: str, go_on: Callable[[], None]) -> None:
    delivery = _delivery.get()
    try:
        if delivery is not None:
            _check(delivery, arn)
        go_on()
    except UndeliverableError as error:
        if delivery is not None:
            _set_aside(delivery, payload, error)


def _check(delivery: Delivery, arn: str) -> None:
    if arn.split(":")[2] in ("sqs", "sns"):
        refusal = deliveries.refusal(delivery.sender, arn)
        if refusal:
            raise UndeliverableError("NO_PERMISSIONS", refusal)
        return
    function, _ = lambda_functions.resolve(arn)
    if function is not None and not deliveries.may_invoke(delivery.sender, function, arn):
        message = f"{SERVICE} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
        raise UndeliverableError("NO_PERMISSIONS", message)


def _invoke_function(arn: str, payload: str) -> None:
    function, config = lambda_functions.resolve(arn)
    if function is None or config is None:
        raise UndeliverableError("NO_RESOURCE", f"Function not found: {arn}")
    lambda_functions.invoke_asynchronously(function, config, json.loads(payload))


def _set_aside(delivery: Delivery, payload: str, error: UndeliverableError) -> None:
    """Put an event that cannot be delivered into the target's dead-letter queue, if there is one and it lets us."""
    queue = delivery.target.get("DeadLetterConfig", {}).get("Arn")
    if queue and not deliveries.refusal(delivery.sender, queue):
        attributes = {
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error),
            "RULE_ARN": delivery.rule["Arn"],
            "TARGET_ARN": delivery.target["Arn"],
            "RETRY_ATTEMPTS": "0",
        }
        deliveries.send(queue, payload, attributes)
