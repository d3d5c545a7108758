"""Alarms on the endpoint, and on the new version alone while it is released.

SageMaker publishes the metrics of an endpoint twice: for all fleets under its name, and, once a new fleet gets requests,
for that fleet's configuration alone. Only the second kind rolls a release back: otherwise the errors of a bad version would
stop the good one that is to replace it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from deployment import settings
from endpoint import METRICS, VARIANT


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """The endpoint, its limits, and the topic that is notified."""

    endpoint_name: str
    configuration_name: pulumi.Input[str]
    """Of the version that is deployed now."""
    limits: settings.Alarms
    invocations_per_instance: int
    topic_arn: str


class Alarms(pulumi.ComponentResource):
    """Alarms on the endpoint and on the version; the account's topic is notified when one goes on or off.

    Without requests there are no metrics, and nothing is wrong.
    """

    of_new_version: Sequence[pulumi.Output[str]]
    """Names of those that roll a release back."""
    arns: Sequence[pulumi.Output[str]]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EndpointAlarms", name, None, opts)
        self._args = args
        limits = args.limits
        whole = {"EndpointName": args.endpoint_name, "VariantName": VARIANT}
        version = {**whole, "EndpointConfigName": args.configuration_name}
        server = {"metric_name": "Invocation5XXErrors", "statistic": "Average"}
        model = {"metric_name": "InvocationModelErrors", "statistic": "Average"}
        client = {"metric_name": "Invocation4XXErrors", "statistic": "Average"}
        overload = {"metric_name": "InvocationsPerInstance", "statistic": "Sum"}
        # Of a handful of requests this is the slowest: it counts only when it is slow again in another minute.
        latency = {"metric_name": "ModelLatency", "extended_statistic": "p99"}
        server_share, client_share = limits.server_error_percent / 100, limits.client_error_percent / 100
        microseconds = limits.latency_milliseconds * 1000
        # Autoscaling takes minutes to add instances; half as much again for a quarter of an hour, and it cannot cope.
        too_many = 1.5 * args.invocations_per_instance
        endpoint = [
            self._alarm("server-errors", "Requests fail", whole, server, server_share, (3, 5)),
            self._alarm("model-errors", "The model fails to answer", whole, model, client_share, (3, 5)),
            self._alarm("client-errors", "Requests are refused", whole, client, client_share, (3, 5)),
            self._alarm("latency", "The model is slow", whole, latency, microseconds, (3, 5)),
            self._alarm("overload", "More requests than instances are for", whole, overload, too_many, (15, 15)),
        ]
        new_version = [
            self._alarm("version-errors", "Requests fail in the new version", version, server, server_share, (2, 3)),
            self._alarm("version-latency", "The new version is slow", version, latency, microseconds, (2, 3)),
        ]
        self.of_new_version = [alarm.name for alarm in new_version]
        self.arns = [alarm.arn for alarm in (*endpoint, *new_version)]
        self.register_outputs({"of_new_version": self.of_new_version})

    def _alarm(
        self,
        name: str,
        description: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        metric: Mapping[str, Any],
        threshold: float,
        minutes: tuple[int, int],
    ) -> aws.cloudwatch.MetricAlarm:
        """Declare an alarm that goes on when a limit is exceeded in so many of the last minutes."""
        exceeded, looked_at = minutes
        return aws.cloudwatch.MetricAlarm(
            name,
            name=f"{self._args.endpoint_name}-{name}",
            alarm_description=f"{description} ({self._args.endpoint_name})",
            namespace=METRICS,
            dimensions=dimensions,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            period=60,
            evaluation_periods=looked_at,
            datapoints_to_alarm=exceeded,
            treat_missing_data="notBreaching",
            alarm_actions=[self._args.topic_arn],
            ok_actions=[self._args.topic_arn],
            opts=pulumi.ResourceOptions(parent=self),
            **metric,
        )
