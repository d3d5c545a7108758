"""EventBridge rules that invoke a function: by an event pattern, or on a schedule."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.lambda_function import PlatformFunction

DELIVERY_ATTEMPTS = 185
"""The most that EventBridge allows."""


@dataclass(frozen=True, kw_only=True)
class EventRuleArgs:
    """Settings of a rule: either a pattern, or a schedule with the event that it sends."""

    environment: Environment
    rule_name: str
    description: str
    function: PlatformFunction
    longest_delivery_seconds: int
    """Seconds for which EventBridge tries; then the event goes to the function's dead-letter queue."""
    pattern: Mapping[str, object] | None = None
    schedule: str | None = None
    event: Mapping[str, object] | None = None


class EventRule(pulumi.ComponentResource):
    """A rule of the default event bus that invokes a function, with the permission to do so."""

    arn: str

    def __init__(self, name: str, args: EventRuleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EventRule", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.arn = args.environment.arn("events", f"rule/{args.rule_name}")
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=args.rule_name,
            description=args.description,
            event_pattern=json.dumps(args.pattern) if args.pattern else None,
            schedule_expression=args.schedule,
            opts=child,
        )
        permission = aws.lambda_.Permission(
            f"{name}-permission",
            statement_id=args.rule_name,
            action="lambda:InvokeFunction",
            function=args.function.function_name,
            principal="events.amazonaws.com",
            source_arn=self.arn,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            arn=args.function.arn,
            input=json.dumps(args.event) if args.event else None,
            retry_policy={
                "maximum_event_age_in_seconds": args.longest_delivery_seconds,
                "maximum_retry_attempts": DELIVERY_ATTEMPTS,
            },
            dead_letter_config={"arn": args.function.failures.arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({"arn": self.arn})
