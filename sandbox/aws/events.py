"""EventBridge where MiniStack falls short: who may be a target, what becomes of undeliverable events, schedules.

Source: Amazon EventBridge User Guide, "Using resource-based policies for Amazon EventBridge", "How EventBridge retries
delivering events" and "Using dead-letter queues to process undelivered events".
"""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sandbox.aws import clock, deliveries, emulator
from sandbox.aws.deliveries import Sender

SERVICE = "events.amazonaws.com"
TICK_SECONDS = 0.1


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
    _deliver_as_allowed()
    seconds = emulator.eventbridge._parse_rate_seconds

    def parse_rate_seconds(expression: str) -> float | None:
        interval = seconds(expression)
        return None if interval is None else clock.seconds(interval)

    emulator.eventbridge._parse_rate_seconds = parse_rate_seconds
    emulator.eventbridge._SCHEDULER_TICK_INTERVAL = TICK_SECONDS


def _deliver_as_allowed() -> None:
    invoke = emulator.eventbridge._invoke_target
    to_queue = emulator.eventbridge._dispatch_to_sqs
    to_topic = emulator.eventbridge._dispatch_to_sns

    def invoke_target(target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None) -> None:
        token = _delivery.set(Delivery(rule=rule, target=target))
        try:
            invoke(target, event, rule, view)
        finally:
            _delivery.reset(token)

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        _attempt(arn, payload, lambda: _invoke_function(arn, payload))

    def dispatch_to_sqs(spec: Any, payload: str, parameters: Any = None) -> None:
        _attempt(str(spec), payload, lambda: to_queue(spec, payload, parameters))

    def dispatch_to_sns(arn: str, payload: str) -> None:
        _attempt(arn, payload, lambda: to_topic(arn, payload))

    emulator.eventbridge._invoke_target = invoke_target
    emulator.eventbridge._dispatch_to_lambda = dispatch_to_lambda
    emulator.eventbridge._dispatch_to_sqs = dispatch_to_sqs
    emulator.eventbridge._dispatch_to_sns = dispatch_to_sns


def _attempt(arn: str, payload: str, deliver: Callable[[], None]) -> None:
    delivery = _delivery.get()
    try:
        if delivery is not None:
            _check(delivery, arn)
        deliver()
    except UndeliverableError as error:
        if delivery is not None:
            _set_aside(delivery, payload, error)


def _check(delivery: Delivery, arn: str) -> None:
    if arn.split(":")[2] in ("sqs", "sns"):
        refusal = deliveries.refusal(delivery.sender, arn)
        if refusal:
            raise UndeliverableError("NO_PERMISSIONS", refusal)
        return
    function, _, _ = emulator.functions._get_func_record_for_ref(arn)
    if function is not None and not deliveries.may_invoke(delivery.sender, function, arn):
        message = f"{SERVICE} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
        raise UndeliverableError("NO_PERMISSIONS", message)


def _invoke_function(arn: str, payload: str) -> None:
    function, config, _ = emulator.functions._get_func_record_for_ref(arn)
    if function is None or config is None:
        raise UndeliverableError("NO_RESOURCE", f"Function not found: {arn}")
    record = emulator.functions._execution_record_for_config(function, config)
    emulator.functions.invoke_async_with_retry(record, json.loads(payload))


def _set_aside(delivery: Delivery, payload: str, error: UndeliverableError) -> None:
    """Put an event that cannot be delivered into the target's dead-letter queue, if it has one and may."""
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
