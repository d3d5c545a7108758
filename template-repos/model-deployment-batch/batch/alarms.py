"""Alarms of a batch: starts that AWS does not take, and runs that fail, put too many rows aside, or get other rows than training had.

A time at which the schedule starts nothing, because somebody has disabled it or clocks went forward, is told by nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from deployment import settings
from mlops_platform.monitoring import metric
from mlops_platform.scheduled import alarms
from mlops_platform.scheduled.alarms import Alarm
from mlops_platform.scheduled.names import Names


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """The batch, its limits, and the topic that is notified."""

    names: Names
    limits: settings.Alarms
    topic_arn: str


class Alarms(pulumi.ComponentResource):
    """Alarms on the runs; the account's topic is notified when one goes on."""

    arns: Sequence[pulumi.Output[str]]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:BatchAlarms", name, None, opts)
        names = args.names
        quarantine = Alarm(
            name="quarantine",
            description="Too many rows could not be scored",
            namespace=metric.NAMESPACE,
            metric=metric.QUARANTINED_PERCENT,
            statistic="Maximum",
            dimensions=alarms.watched(names),
            threshold=args.limits.quarantined_percent,
        )
        child = pulumi.ResourceOptions(parent=self)
        self.arns = [
            alarms.declare(each, prefix=names.pipeline, actions=[args.topic_arn], opts=child).arn
            for each in (*alarms.of_runs(names), quarantine, alarms.drift(names))
        ]
        self.register_outputs({})
