"""MiniStack's EventBridge."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.aws.ministack import modules

Rule = Mapping[str, Any]
Target = Mapping[str, Any]


def put_event(source: str, detail_type: str, resources: Sequence[str], detail: Mapping[str, Any]) -> None:
    """Put an event of an AWS service on the default bus of the current account."""
    entry = {"Source": source, "DetailType": detail_type, "Resources": list(resources), "Detail": json.dumps(detail)}
    modules.eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def compress_schedules(seconds: Callable[[float], float], tick: float) -> None:
    """Fire schedules after `seconds` of their rate, and look for those that are due every `tick` seconds."""
    parse = modules.eventbridge._parse_rate_seconds

    def parse_rate_seconds(expression: str) -> float | None:
        interval = parse(expression)
        return None if interval is None else seconds(interval)

    modules.eventbridge._parse_rate_seconds = parse_rate_seconds
    modules.eventbridge._SCHEDULER_TICK_INTERVAL = tick


def intercept_deliveries(
    delivering: Callable[[Rule, Target, Callable[[], None]], None],
    deliver: Callable[[str, str, Callable[[], None]], None],
    invoke_function: Callable[[str, str], None],
) -> None:
    """Intercept the delivery of events to targets.

    `delivering` gets the rule and the target, and goes on with the delivery; `deliver` gets, within that, the ARN of the
    target and the payload, and delivers. Functions are invoked by `invoke_function`, with the same two arguments.
    """
    invoke = modules.eventbridge._invoke_target
    to_queue = modules.eventbridge._dispatch_to_sqs
    to_topic = modules.eventbridge._dispatch_to_sns

    def invoke_target(target: Target, event: Any, rule: Rule, view: Any = None) -> None:
        delivering(rule, target, lambda: invoke(target, event, rule, view))

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        deliver(arn, payload, lambda: invoke_function(arn, payload))

    def dispatch_to_sqs(spec: Any, payload: str, parameters: Any = None) -> None:
        deliver(str(spec), payload, lambda: to_queue(spec, payload, parameters))

    def dispatch_to_sns(arn: str, payload: str) -> None:
        deliver(arn, payload, lambda: to_topic(arn, payload))

    modules.eventbridge._invoke_target = invoke_target
    modules.eventbridge._dispatch_to_lambda = dispatch_to_lambda
    modules.eventbridge._dispatch_to_sqs = dispatch_to_sqs
    modules.eventbridge._dispatch_to_sns = dispatch_to_sns
