"""The schedule that starts the live version of a pipeline.

EventBridge Scheduler sends SageMaker the request itself, for its own target of pipelines always starts the newest version.
Source: EventBridge Scheduler User Guide, "Using universal targets" and "Adding context attributes".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.project.aws import error_code
from mlops_platform.promotion.versions import LIVE

TARGET = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
RETRIES = {"MaximumEventAgeInSeconds": 3000, "MaximumRetryAttempts": 20}
"""A start that fails is repeated for 50 minutes, and is then a dead letter: the next one may be an hour later."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The schedule of one pipeline, in a group of its own."""

    pipeline_name: str
    group: str
    role_arn: str
    """Role that EventBridge Scheduler starts the pipeline with."""
    dead_letters_arn: str
    """Queue of the starts that failed for good."""
    scheduler: Any
    say: Callable[[str], None]

    def converge(self, expression: str, time_zone: str) -> None:
        """Create, change or delete the schedule.

        Args:
            expression: times in the form of EventBridge Scheduler, such as `cron(0 6 ? * MON *)`; empty for none.
            time_zone: their time zone, such as Europe/Dublin.
        """
        current = self.current()
        if not expression:
            if current is not None:
                self.scheduler.delete_schedule(Name=self.pipeline_name, GroupName=self.group)
                self.say(f"{self.pipeline_name} has no schedule any more")
            return
        wanted = self._wanted(expression, time_zone)
        if current is not None and all(current.get(key) == value for key, value in wanted.items()):
            return
        change = self.scheduler.create_schedule if current is None else self.scheduler.update_schedule
        change(**wanted)
        self.say(f"{self.pipeline_name} starts at {expression}, {time_zone}")

    def current(self) -> Mapping[str, Any] | None:
        """Return the schedule as EventBridge Scheduler describes it; None when there is none."""
        try:
            return self.scheduler.get_schedule(Name=self.pipeline_name, GroupName=self.group)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            return None

    def _wanted(self, expression: str, time_zone: str) -> Mapping[str, Any]:
        request = {
            "PipelineName": self.pipeline_name,
            "PipelineVersionAlias": LIVE,
            # The same for every attempt: one that is repeated starts no second execution.
            "ClientRequestToken": f"{self.pipeline_name}-schedule-<aws.scheduler.scheduled-time>",
        }
        return {
            "Name": self.pipeline_name,
            "GroupName": self.group,
            "Description": f"Starts the live version of pipeline {self.pipeline_name}",
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": time_zone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": {
                "Arn": TARGET,
                "RoleArn": self.role_arn,
                "Input": json.dumps(request),
                "RetryPolicy": RETRIES,
                "DeadLetterConfig": {"Arn": self.dead_letters_arn},
            },
        }
