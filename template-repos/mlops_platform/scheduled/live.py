"""A scheduled pipeline as AWS describes it, independent of the state: what exists, what it runs, and whether it is started."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.pipeline.expressions import Json
from mlops_platform.project.aws import error_code
from mlops_platform.release import DeploymentError
from mlops_platform.scheduled.names import Names

PIPELINE = "aws:sagemaker/pipeline:Pipeline"
GROUP = "aws:scheduler/scheduleGroup:ScheduleGroup"
SCHEDULE = "aws:scheduler/schedule:Schedule"
MISSING = ("ResourceNotFound", "ResourceNotFoundException")


@dataclass(frozen=True, kw_only=True)
class Live:
    """The parts of the pipeline that exist in an environment."""

    names: Names
    sagemaker: Any
    scheduler: Any

    def existing(self) -> dict[str, str]:
        """Return the resources with fixed names that exist, as `Stack.recover` takes them.

        The queue, the alarms and the dashboard are made by calls that take one which exists already.
        """
        name = self.names.pipeline
        found = {
            (PIPELINE, name): self.pipeline(),
            (GROUP, name): _found(lambda: self.scheduler.get_schedule_group(Name=name)),
            (SCHEDULE, f"{name}/{name}"): self.schedule(),
        }
        return {kind: physical for (kind, physical), description in found.items() if description is not None}

    def pipeline(self) -> Json | None:
        """Return the description of the pipeline; None when there is none."""
        return _found(lambda: self.sagemaker.describe_pipeline(PipelineName=self.names.pipeline))

    def schedule(self) -> Json | None:
        """Return the description of the schedule; None when there is none."""
        name = self.names.pipeline
        return _found(lambda: self.scheduler.get_schedule(GroupName=name, Name=name))

    def require(self, definition: str, *, starts: bool = True) -> None:
        """Make sure that the pipeline has exactly this definition, and that the schedule starts it, or starts nothing.

        Raises:
            DeploymentError: something else runs, or nothing does.
        """
        where, name = self.names.environment.name, self.names.pipeline
        pipeline, schedule = self.pipeline(), self.schedule()
        if pipeline is None or json.loads(pipeline["PipelineDefinition"]) != json.loads(definition):
            raise DeploymentError(f"{where} does not run this version: {name} has another definition; run this again")
        if schedule is None or schedule["State"] != ("ENABLED" if starts else "DISABLED"):
            state = "missing" if schedule is None else schedule["State"]
            if not starts:
                raise DeploymentError(
                    f"{where} is to start nothing, and the schedule {name} is {state}: run this again"
                )
            raise DeploymentError(
                f"{where} starts nothing: the schedule {name} is {state}; enable it or run this again"
            )
        if json.loads(schedule["Target"]["Input"])["PipelineName"] != name:
            raise DeploymentError(f"{where} starts another pipeline than {name}: run this again")


def _found(describe: Callable[[], Json]) -> Json | None:
    try:
        return describe()
    except ClientError as error:
        if error_code(error) in MISSING:
            return None
        raise
