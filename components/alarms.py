"""The topic that alarms of an environment report to, and the account's budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.budget import Budget, BudgetArgs
from components.environment import Environment
from components.parameters import Values


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Recipients of alarms, and the budget that they are told about."""

    environment: Environment
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the messages of alarms."""
    emails: Sequence[str]
    """Addresses of the recipients; AWS asks each to confirm first."""
    monthly_budget_usd: int | None
    """US dollars that the account may cost in a month before there are alerts; None for no budget."""


class Alarms(pulumi.ComponentResource):
    """The topic of the alarms of the platform and of deployed models, which only they and the budget may use."""

    topic_arn: pulumi.Output[str]
    """Known once the topic's policy is in place, so that no alarm names a topic that refuses it."""
    parameters: Values

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Alarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic", name=f"{args.environment.prefix}-alarms", kms_master_key_id=args.kms_key_arn, opts=child
        )
        policy = aws.sns.TopicPolicy(f"{name}-policy", arn=topic.arn, policy=_policy(args, topic.arn), opts=child)
        for email in args.emails:
            aws.sns.TopicSubscription(f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child)
        self.topic_arn = pulumi.Output.all(topic.arn, policy.id).apply(lambda parts: parts[0])
        if args.monthly_budget_usd:
            budget = BudgetArgs(
                environment=args.environment, monthly_usd=args.monthly_budget_usd, topic_arn=self.topic_arn
            )
            Budget(f"{name}-budget", budget, child)
        self.parameters = {"notifications/alarms-topic-arn": self.topic_arn}
        self.register_outputs({"topic_arn": self.topic_arn})


def _policy(args: AlarmsArgs, topic_arn: pulumi.Output[str]) -> pulumi.Output[str]:
    """Let this environment's alarms and this account's budgets publish; refuse every request without TLS.

    Sources: Amazon SNS Developer Guide, "Example cases for Amazon SNS access control"; AWS Cost Management User Guide,
    "Creating an Amazon SNS topic for budget notifications".
    """
    environment = args.environment
    budget = iam.allow(
        "PublishBudgetAlerts",
        "sns:Publish",
        on=topic_arn,
        to={"Service": "budgets.amazonaws.com"},
        when=environment.on_behalf_of_budgets,
    )
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
        *([budget] if args.monthly_budget_usd else []),
        iam.deny(
            "TlsOnly",
            "sns:Publish",
            on=topic_arn,
            to="*",
            when={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )
