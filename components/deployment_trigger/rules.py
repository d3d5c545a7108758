"""What wakes a function up: events that match a pattern, or the clock."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.lambda_function import PlatformFunction

DELIVERY_ATTEMPTS = 185
"""As often as EventBridge tries at most."""


@dataclass(frozen=True, kw_only=True)
class EventRuleArgs:
    """Which events reach a function; either a pattern, or a schedule with the event that it sends."""

    environment: Environment
    rule_name: str
    description: str
    function: PlatformFunction
    longest_delivery_seconds: int
    """How long EventBridge tries; then the event ends in the function's queue of failures."""
    pattern: Mapping[str, object] | None = None
    schedule: str | None = None
    event: Mapping[str, object] | None = None


class EventRule(pulumi.ComponentResource):
    """A rule of the default event bus, and all that its function needs to be reached by it."""

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
