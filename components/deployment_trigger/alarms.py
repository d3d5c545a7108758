"""Alarms for the failures of the deployment trigger, and for the end of its credential."""

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.lambda_function import PlatformFunction

CREDENTIAL_DAYS = 14
"""Days before the end of the credential from which the topic is alerted."""


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
            "Events about approved models, or alarms about drift or quality, were given up. They wait for 14 days in the dead-letter queue "
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
            "The deployment trigger failed, and Lambda and the scheduled run try again; or it refused a version that is not what its "
            "pipeline evaluated. The function's log says which"
        ),
        metric=("AWS/Lambda", "Errors"),
        dimensions={"FunctionName": function.function_name},
        periods=1,
        topic_arn=topic_arn,
        child=child,
    )


def alarm_end_of_credential(
    name: str, environment: Environment, topic_arn: pulumi.Input[str], child: pulumi.ResourceOptions
) -> None:
    """Alert the topic when GitHub ends the credential soon, as the sweep reports it every quarter of an hour."""
    aws.cloudwatch.MetricAlarm(
        f"{name}-credential-alarm",
        name=f"{environment.prefix}-github-credential",
        alarm_description=(
            f"GitHub ends the platform's token within {CREDENTIAL_DAYS} days: from then on no project is launched and no model "
            "deployed. Make another one and store it by python -m bootstrap github-token (README, Rotate the tokens)"
        ),
        namespace="Mlops/Platform",
        metric_name="CredentialDaysLeft",
        statistic="Minimum",
        dimensions={"Platform": environment.prefix},
        comparison_operator="LessThanThreshold",
        threshold=CREDENTIAL_DAYS,
        # Four sweeps, of which one may be late.
        period=3600,
        evaluation_periods=1,
        # A token without an end has no such metric.
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
        opts=child,
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
