"""The schedule that starts a pipeline, in a group of its own, and the queue of the starts that failed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from mlops_platform.scheduled.names import Names

TARGET = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
"""Any operation of SageMaker's. Source: EventBridge Scheduler User Guide, "Using universal targets"."""
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""Stands for the time of the start, such as 2026-11-28T01:00:00Z, also of one that was tried again. Source: EventBridge Scheduler
User Guide, "Adding context attributes"."""
UNUSED = "cron(0 0 1 1 ? *)"
"""Times of a schedule that has none and is disabled: EventBridge Scheduler takes no schedule without an expression."""
TWO_WEEKS = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Times:
    """The times of the starts, and the patience with AWS when it does not take one."""

    expression: str
    """`cron(…)`. The first start of a `rate(…)` is due at once. Source: EventBridge Scheduler User Guide, "Schedule types"."""
    time_zone: str
    flexible_minutes: int
    """A start comes at any time within so many minutes after its time; 0 for at its time."""
    maximum_attempts: int
    maximum_minutes: int


@dataclass(frozen=True, kw_only=True)
class ScheduleArgs:
    """The times, and what is started then."""

    names: Names
    pipeline_name: pulumi.Input[str]
    description: str
    times: Times
    parameters: Mapping[str, str]
    """The execution's parameters, which may contain the scheduled time."""


class Schedule(pulumi.ComponentResource):
    """A schedule that starts one execution for each of its times.

    Without times it is there all the same, disabled: a project whose schedule exists is not deleted before it is retired.
    """

    name: pulumi.Output[str]

    def __init__(self, name: str, args: ScheduleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:PipelineSchedule", name, None, opts)
        names, times, child = args.names, args.times, pulumi.ResourceOptions(parent=self)
        dead_letters = aws.sqs.Queue(
            "dead-letters",
            name=names.dead_letters,
            # A letter holds the names of a pipeline and of objects, and nothing of a row.
            sqs_managed_sse_enabled=True,
            message_retention_seconds=TWO_WEEKS,
            opts=child,
        )
        group = aws.scheduler.ScheduleGroup("group", name=names.pipeline, opts=child)
        schedule = aws.scheduler.Schedule(
            "schedule",
            name=names.pipeline,
            group_name=group.name,
            description=args.description,
            schedule_expression=times.expression or UNUSED,
            state="ENABLED" if times.expression else "DISABLED",
            schedule_expression_timezone=times.time_zone,
            flexible_time_window=_flexible(times.flexible_minutes),
            target={
                "arn": TARGET,
                "role_arn": names.schedule_role_arn,
                "input": pulumi.Output.from_input(args.pipeline_name).apply(
                    lambda pipeline: request(names, pipeline, args.parameters)
                ),
                "retry_policy": {
                    "maximum_event_age_in_seconds": times.maximum_minutes * 60,
                    "maximum_retry_attempts": times.maximum_attempts,
                },
                "dead_letter_config": {"arn": dead_letters.arn},
            },
            opts=child,
        )
        self.name = schedule.name
        self.register_outputs({"name": self.name})


def _flexible(minutes: int) -> aws.scheduler.ScheduleFlexibleTimeWindowArgsDict:
    return {"mode": "FLEXIBLE", "maximum_window_in_minutes": minutes} if minutes else {"mode": "OFF"}


def request(names: Names, pipeline: str, parameters: Mapping[str, str]) -> str:
    """Return the request that starts the execution of a time, in the spelling of SageMaker's API."""
    return json.dumps(
        {
            "PipelineName": pipeline,
            # A start that is tried again starts nothing more. SageMaker asks for 32 characters; the time has 20.
            "ClientRequestToken": f"{names.project.id}-{names.purpose}-{SCHEDULED_TIME}",
            "PipelineParameters": [{"Name": name, "Value": value} for name, value in parameters.items()],
        }
    )
