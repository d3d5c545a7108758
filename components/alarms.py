"""The topic that alarms of an environment report to."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.parameters import Values


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Recipients of alarms."""

    environment: Environment
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the messages of alarms."""
    emails: Sequence[str]
    """Addresses of the recipients; AWS asks each to confirm first."""


class Alarms(pulumi.ComponentResource):
    """The topic of the alarms of the platform and of deployed models, which no other service may use."""

    topic_arn: pulumi.Output[str]
    """Known once the topic's policy is in place, so that no alarm names a topic that refuses it."""
    parameters: Values

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Alarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic", name=f"{args.environment.prefix}-alarms", kms_master_key_id=args.kms_key_arn, opts=child
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy", arn=topic.arn, policy=_policy(args.environment, topic.arn), opts=child
        )
        for email in args.emails:
            aws.sns.TopicSubscription(f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child)
        self.topic_arn = pulumi.Output.all(topic.arn, policy.id).apply(lambda parts: parts[0])
        self.parameters = {"notifications/alarms-topic-arn": self.topic_arn}
        self.register_outputs({"topic_arn": self.topic_arn})


def _policy(environment: Environment, topic_arn: pulumi.Output[str]) -> pulumi.Output[str]:
    """Let this environment's alarms publish; refuse every request without TLS.

    Source: Amazon SNS Developer Guide, "Example cases for Amazon SNS access control".
    """
    return iam.document(
        iam.allow(
            "PublishAlarms",
            "sns:Publish",
            on=topic_arn,
            to={"Service": "cloudwatch.amazonaws.com"},
            when={
                "StringEquals": {"aws:SourceAccount": environment.account_id},
                "ArnLike": {"aws:SourceArn": environment.arn("cloudwatch", f"alarm:{environment.prefix}-*")},
            },
        ),
        iam.deny(
            "TlsOnly",
            "sns:Publish",
            on=topic_arn,
            to="*",
            when={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )
