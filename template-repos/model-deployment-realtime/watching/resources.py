"""The resources that watch an endpoint: the pipeline, the schedule that starts it, and alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from mlops_platform.monitoring import metric
from mlops_platform.scheduled import alarms
from mlops_platform.scheduled.names import Names
from mlops_platform.scheduled.pipeline import Pipeline, PipelineArgs
from mlops_platform.scheduled.schedule import SCHEDULED_TIME, Schedule, ScheduleArgs, Times
from watching.definition import SCHEDULED, Watching, definition, expression

FLEXIBLE_MINUTES = 15
"""The endpoints of an account are all watched at the same hours: their jobs do not begin in the same minute."""
MAXIMUM_ATTEMPTS, MAXIMUM_MINUTES = 10, 45
"""Patience with AWS when it does not start a run: over before the next one can be due."""


@dataclass(frozen=True, kw_only=True)
class WatchArgs:
    """The endpoint that is watched, and who is told."""

    watching: Watching
    topic_arn: str
    retraining_function_arn: str | None
    """Function of development that has the model of a project trained again, once a week at most; None where nothing asks for it."""


class Watch(pulumi.ComponentResource):
    """A pipeline, a schedule and alarms."""

    definition: dict[str, Any]
    alarm_arns: Sequence[pulumi.Output[str]]
    dimensions: Mapping[str, str]
    """Of the metrics that the job prints."""

    def __init__(self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Watch", name, None, opts)
        watching, child = args.watching, pulumi.ResourceOptions(parent=self)
        names, self.definition = watching.names, definition(watching)
        self.dimensions = alarms.watched(names)
        pipeline = Pipeline("watch-pipeline", PipelineArgs(names=names, definition=self.definition), child)
        Schedule(
            "watch-schedule",
            ScheduleArgs(
                names=names,
                pipeline_name=pipeline.name,
                description=f"Compares the requests to project {names.project.name} with the rows of its training",
                times=Times(
                    expression=expression(watching.settings.every_hours),
                    time_zone="UTC",
                    flexible_minutes=FLEXIBLE_MINUTES,
                    maximum_attempts=MAXIMUM_ATTEMPTS,
                    maximum_minutes=MAXIMUM_MINUTES,
                ),
                parameters={SCHEDULED: SCHEDULED_TIME},
            ),
            child,
        )
        told = [args.topic_arn]
        retrained = [*told, args.retraining_function_arn] if args.retraining_function_arn else told
        declared = [
            *(
                alarms.declare(each, prefix=names.pipeline, actions=told, opts=child)
                for each in (*alarms.of_runs(names), _unreadable(names))
            ),
            # Development finds the project by these names.
            *(
                alarms.declare(each, prefix=names.environment.deployment_name, actions=retrained, opts=child)
                for each in (alarms.drift(names), *([_quality(names)] if watching.settings.truth_days else []))
            ),
        ]
        self.alarm_arns = [alarm.arn for alarm in declared]
        self.register_outputs({})


def _unreadable(names: Names) -> alarms.Alarm:
    """Return the alarm for requests of which too many cannot be read for a verdict on drift: it would be silent for ever."""
    return alarms.Alarm(
        name="unreadable",
        description="Most rows of the requests cannot be read: they are no CSV with the columns of training",
        namespace=metric.NAMESPACE,
        metric=metric.QUARANTINED_PERCENT,
        statistic="Maximum",
        dimensions=alarms.watched(names),
        threshold=metric.UNREADABLE_PERCENT,
    )


def _quality(names: Names) -> alarms.Alarm:
    """Return the alarm for answers worse than a version may give to be registered."""
    return alarms.Alarm(
        name="quality",
        description="The answers are worse than a version may give to be registered",
        namespace=metric.NAMESPACE,
        metric=metric.INSUFFICIENT_QUALITY,
        statistic="Maximum",
        dimensions=alarms.watched(names),
    )
