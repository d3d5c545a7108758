"""Alarms for the failures of the deployment trigger."""

import pulumi
import pulumi_aws as aws

from components.lambda_function import PlatformFunction


def alarm_failures(
    name: str,
    function_name: str,
    function: PlatformFunction,
    topic_arn: pulumi.Input[str],
    child: pulumi.ResourceOptions,
) -> None:
    """Alert the topic when an event was given up, and when the function failed."""
    _alarm(
        f"{name}-failures",
        alarm_name=f"{function_name}-failures",
        description=(
            "Events about approved models, or alarms about drift, were given up. They wait for 14 days in the dead-letter queue "
            f"{function_name}-failures; the function's log says why"
        ),
        # Not the number of messages in the queue: none is ever taken out, so the alarm would stay on. Messages that
        # Lambda and EventBridge send are counted; only those that a queue's own redrive policy moves are not.
        # Source: Amazon SQS Developer Guide, "Amazon SQS dead-letter queues", NumberOfMessagesSent.
        metric=("AWS/SQS", "NumberOfMessagesSent"),
        dimensions={"QueueName": function.failures.name},
        # An inactive queue reports up to fifteen minutes late.
        # Source: Amazon SQS Developer Guide, "Monitoring Amazon SQS queues using CloudWatch".
        periods=4,
        topic_arn=topic_arn,
        child=child,
    )
    _alarm(
        f"{name}-errors",
        alarm_name=f"{function_name}-errors",
        description=(
            "The deployment trigger failed, and Lambda and the sweep try again; or it refused a version that is not what its "
            "pipeline evaluated. The function's log says which"
        ),
        metric=("AWS/Lambda", "Errors"),
        dimensions={"FunctionName": function.function_name},
        periods=1,
        topic_arn=topic_arn,
        child=child,
    )


def _alarm(
    name: str,
    *,
    alarm_name: str,
    description: str,
    metric: tuple[str, str],
    dimensions: dict[str, pulumi.Input[str]],
    periods: int,
    topic_arn: pulumi.Input[str],
    child: pulumi.ResourceOptions,
) -> None:
    """Alert the topic when the metric (namespace, name) was above zero in one of the latest periods of five minutes.

    After periods without any, the alarm returns to OK, and the next count alerts the topic again.
    """
    namespace, metric_name = metric
    aws.cloudwatch.MetricAlarm(
        f"{name}-alarm",
        name=alarm_name,
        alarm_description=description,
        namespace=namespace,
        metric_name=metric_name,
        statistic="Sum",
        dimensions=dimensions,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        period=300,
        evaluation_periods=periods,
        datapoints_to_alarm=1,
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
        opts=child,
    )
