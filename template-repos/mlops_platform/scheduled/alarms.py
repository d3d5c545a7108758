"""Alarms of a scheduled pipeline: starts and runs that fail, and rows unlike those of training.

An alarm acts when its state changes. Between two runs there are no metrics, and an alarm without any is over: so each run that is beyond
a limit is told. CloudWatch looks back further than an alarm asks for, and nobody says how far; people counted up to four more periods.
Those here are short enough for an alarm to be over after 40 minutes: runs that come more often and all fail are told once. Source: Amazon
CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from mlops_platform.monitoring import metric
from mlops_platform.scheduled.names import Names

PIPELINES = "AWS/Sagemaker/ModelBuildingPipeline"
"""Namespace of the metrics of pipelines. Source: SageMaker Developer Guide, "SageMaker pipelines metrics"."""
PERIOD = 300
"""Seconds. Metrics in logs come minutes late, and are found all the same: CloudWatch looks back."""
MISSING = "missing"
"""Treatment of periods without a metric: with none in all that CloudWatch looks at, the alarm is over."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A metric, and the limit above which it is told."""

    name: str
    description: str
    namespace: str
    metric: str
    statistic: str
    dimensions: Mapping[str, str]
    threshold: float = 0
    periods: int = 1
    """Number of the latest periods of which one is enough."""


def of_runs(names: Names) -> list[Alarm]:
    """Return the alarms for runs that are not started, and for those that fail."""
    return [
        Alarm(
            name="dead-letters",
            description="A run was not started",
            namespace="AWS/SQS",
            metric="NumberOfMessagesSent",
            statistic="Sum",
            dimensions={"QueueName": names.dead_letters},
            # An inactive queue reports up to fifteen minutes late.
            # Source: Amazon SQS Developer Guide, "Monitoring Amazon SQS queues using CloudWatch".
            periods=4,
        ),
        Alarm(
            name="failed",
            description="A run failed",
            namespace=PIPELINES,
            metric="ExecutionFailed",
            statistic="Sum",
            dimensions={"PipelineName": names.pipeline},
        ),
    ]


def drift(names: Names) -> Alarm:
    """Return the alarm for rows unlike those of training."""
    return Alarm(
        name="drift",
        description="The rows are unlike those of training",
        namespace=metric.NAMESPACE,
        metric=metric.DRIFTED_FEATURES,
        statistic="Maximum",
        dimensions=watched(names),
    )


def watched(names: Names) -> dict[str, str]:
    """Return the dimensions of the metrics that a job prints."""
    return dict(zip(metric.DIMENSIONS, (names.project.id, names.environment.name), strict=True))


def declare(
    alarm: Alarm, *, prefix: str, actions: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.MetricAlarm:
    """Declare an alarm that goes on when its metric is above the limit, and is over before the next run.

    Args:
        alarm: the alarm.
        prefix: beginning of its name in CloudWatch.
        actions: ARNs of what is told.
        opts: options of the resource.
    """
    return aws.cloudwatch.MetricAlarm(
        alarm.name,
        name=f"{prefix}-{alarm.name}",
        alarm_description=f"{alarm.description} ({prefix})",
        namespace=alarm.namespace,
        metric_name=alarm.metric,
        statistic=alarm.statistic,
        dimensions=alarm.dimensions,
        comparison_operator="GreaterThanThreshold",
        threshold=alarm.threshold,
        period=PERIOD,
        evaluation_periods=alarm.periods,
        datapoints_to_alarm=1,
        treat_missing_data=MISSING,
        alarm_actions=actions,
        opts=opts,
    )
