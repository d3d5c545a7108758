"""The schedule that starts the pipeline, in a group of its own, and the queue of the starts that failed."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from batch.definition import INPUT, WINDOW
from batch.names import Names
from deployment.settings import Input, Plan, Retries

TARGET = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
"""Any operation of SageMaker's. Source: EventBridge Scheduler User Guide, "Using universal targets"."""
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""Stands for the time of the start, such as 2026-11-28T01:00:00Z, also of one that was tried again. Source: EventBridge Scheduler
User Guide, "Adding context attributes"."""
TWO_WEEKS = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class ScheduleArgs:
    """The times, and what is started then."""

    names: Names
    pipeline_name: pulumi.Input[str]
    plan: Plan
    input: Input
    retries: Retries


class Schedule(pulumi.ComponentResource):
    """A schedule that starts one execution for each of its times."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: ScheduleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:BatchSchedule", name, None, opts)
        names, plan, child = args.names, args.plan, pulumi.ResourceOptions(parent=self)
        dead_letters = aws.sqs.Queue(
            "dead-letters",
            name=names.dead_letters,
            # A letter holds the names of a pipeline and a prefix, and nothing of a row.
            sqs_managed_sse_enabled=True,
            message_retention_seconds=TWO_WEEKS,
            opts=child,
        )
        group = aws.scheduler.ScheduleGroup("group", name=names.pipeline, opts=child)
        schedule = aws.scheduler.Schedule(
            "schedule",
            name=names.pipeline,
            group_name=group.name,
            description=f"Scores a window of project {names.project.name}",
            schedule_expression=plan.schedule,
            schedule_expression_timezone=plan.time_zone,
            flexible_time_window=_flexible(plan.flexible_minutes),
            target={
                "arn": TARGET,
                "role_arn": names.schedule_role_arn,
                "input": pulumi.Output.from_input(args.pipeline_name).apply(
                    lambda pipeline: request(names, pipeline, args.input)
                ),
                "retry_policy": {
                    "maximum_event_age_in_seconds": args.retries.maximum_minutes * 60,
                    "maximum_retry_attempts": args.retries.maximum_attempts,
                },
                "dead_letter_config": {"arn": dead_letters.arn},
            },
            opts=child,
        )
        self.name = schedule.name
        self.register_outputs({"name": self.name})


def _flexible(minutes: int) -> aws.scheduler.ScheduleFlexibleTimeWindowArgsDict:
    return {"mode": "FLEXIBLE", "maximum_window_in_minutes": minutes} if minutes else {"mode": "OFF"}


def request(names: Names, pipeline: str, given: Input) -> str:
    """Return the request that starts the execution of a time, in the spelling of SageMaker's API."""
    parameters = {INPUT: input_uri(names, given, SCHEDULED_TIME), WINDOW: SCHEDULED_TIME}
    return json.dumps(
        {
            "PipelineName": pipeline,
            # A start that is tried again starts nothing more. SageMaker asks for 32 characters; the time has 20.
            "ClientRequestToken": f"{names.project.id}-batch-{SCHEDULED_TIME}",
            "PipelineParameters": [{"Name": name, "Value": value} for name, value in parameters.items()],
        }
    )


def input_uri(names: Names, given: Input, window: str) -> str:
    """Return the S3 URI of the rows of a window: a folder, so that no other window's name begins with it."""
    return f"{names.uri('input', given.prefix, window)}/"
