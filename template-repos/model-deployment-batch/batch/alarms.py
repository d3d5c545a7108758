"""Alarms of a batch: runs that do not begin, fail, put too many rows aside, or get other rows than training had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from batch.names import Names
from deployment import settings
from mlops_platform.monitoring import metric

PIPELINES = "AWS/Sagemaker/ModelBuildingPipeline"
"""Namespace of the metrics of pipelines. Source: SageMaker Developer Guide, "SageMaker pipelines metrics"."""
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """The batch, its limits, and the topic that is notified."""

    names: Names
    limits: settings.Alarms
    topic_arn: str


class Alarms(pulumi.ComponentResource):
    """Alarms on the runs; the account's topic is notified when one goes on.

    Between two runs there are no metrics, and an alarm without any is over. So each run that is beyond a limit is told.
    """

    arns: Sequence[pulumi.Output[str]]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:BatchAlarms", name, None, opts)
        self._args = args
        names = args.names
        watched = dict(zip(metric.DIMENSIONS, (names.project.id, names.environment.name), strict=True))
        alarms = [
            self._alarm(
                "dead-letters",
                "A run was not started",
                ("AWS/SQS", "NumberOfMessagesSent", "Sum", {"QueueName": names.dead_letters}),
            ),
            self._alarm(
                "failed",
                "A run failed",
                (PIPELINES, "ExecutionFailed", "Sum", {"PipelineName": names.pipeline}),
            ),
            self._alarm(
                "quarantine",
                "Too many rows could not be scored",
                (metric.NAMESPACE, metric.QUARANTINED_PERCENT, "Maximum", watched),
                args.limits.quarantined_percent,
            ),
            self._alarm(
                "drift",
                "The rows are unlike those of training",
                (metric.NAMESPACE, metric.DRIFTED_FEATURES, "Maximum", watched),
            ),
        ]
        self.arns = [alarm.arn for alarm in alarms]
        self.register_outputs({})

    def _alarm(
        self, name: str, description: str, measured: tuple[str, str, str, Mapping[str, str]], threshold: float = 0
    ) -> aws.cloudwatch.MetricAlarm:
        """Declare an alarm that goes on when a metric (namespace, name, statistic, dimensions) is above a limit in an hour."""
        namespace, metric_name, statistic, dimensions = measured
        return aws.cloudwatch.MetricAlarm(
            name,
            name=f"{self._args.names.pipeline}-{name}",
            alarm_description=f"{description} ({self._args.names.pipeline})",
            namespace=namespace,
            metric_name=metric_name,
            statistic=statistic,
            dimensions=dimensions,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            period=HOUR,
            evaluation_periods=1,
            treat_missing_data="missing",
            alarm_actions=[self._args.topic_arn],
            opts=pulumi.ResourceOptions(parent=self),
        )
