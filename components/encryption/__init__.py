"""The keys of an environment, one for each purpose."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components import iam
from components.encryption.key import THIS_KEY, USE, EncryptionKey, EncryptionKeyArgs
from components.environment import Environment
from components.parameters import Values

KEYS = {
    "data": "Data, models and project templates",
    "logs": "Log groups",
    "notifications": "What alarms say",
    "secrets": "Secrets, and messages that may carry their names",
    "studio": "Home folders of Studio",
}
"""Every purpose that a key can have."""


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    """Purposes of the keys, and their users in other accounts."""

    environment: Environment
    purposes: Sequence[str]
    """Purposes of keys in this environment, of `KEYS`; data and logs always."""
    data_reader_account_ids: Collection[str]
    """Other accounts that read data and models from here."""
    budget: bool
    """Whether the account's budgets publish to the topic of alarms, too."""
    keep_on_destroy: bool
    """Whether keys outlive the stack, and cannot be deleted by mistake."""


class Encryption(pulumi.ComponentResource):
    """One key for each purpose, so that a role that may use one key cannot use the others."""

    keys: Mapping[str, EncryptionKey]
    """The keys by purpose."""
    parameters: Values

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Encryption", name, None, opts)
        statements = {
            "data": _decrypt_from_accounts(args.data_reader_account_ids, args.environment.region),
            "logs": (_encrypt_log_groups(args.environment),),
            "notifications": _encrypt_notifications(args.environment, budget=args.budget),
            "secrets": (_encrypt_undelivered_events(args.environment),),
        }
        self.keys = {
            purpose: EncryptionKey(
                f"{name}-{purpose}",
                EncryptionKeyArgs(
                    environment=args.environment,
                    purpose=purpose,
                    description=KEYS[purpose],
                    keep_on_destroy=args.keep_on_destroy,
                    statements=statements.get(purpose, ()),
                ),
                pulumi.ResourceOptions(parent=self),
            )
            for purpose in args.purposes
        }
        self.parameters = {"encryption/data-key-arn": self.keys["data"].arn}
        self.register_outputs({})


def _decrypt_from_accounts(account_ids: Collection[str], region: str) -> tuple[iam.Statement, ...]:
    """Let other accounts read what the key encrypts in S3, if a bucket's policy and their own roles' allow it too."""
    if not account_ids:
        return ()
    return (
        iam.allow(
            "DecryptFromOtherAccounts",
            "kms:Decrypt",
            "kms:DescribeKey",
            on=THIS_KEY,
            to={"AWS": [f"arn:aws:iam::{account}:root" for account in sorted(set(account_ids))]},
            when={"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}},
        ),
    )


def _encrypt_log_groups(environment: Environment) -> iam.Statement:
    """Let CloudWatch Logs encrypt this environment's log groups, and nothing else.

    Source: CloudWatch Logs User Guide, "Encrypt log data using AWS KMS".
    """
    return iam.allow(
        "EncryptLogGroups",
        *USE,
        on=THIS_KEY,
        to={"Service": f"logs.{environment.region}.amazonaws.com"},
        when={
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": [
                    environment.arn("logs", f"log-group:{environment.parameter_path}/*"),
                    environment.arn("logs", f"log-group:/aws/lambda/{environment.prefix}-*"),
                ]
            }
        },
    )


def _encrypt_notifications(environment: Environment, *, budget: bool) -> tuple[iam.Statement, ...]:
    """Let CloudWatch encrypt what this environment's alarms publish, and AWS Budgets the alerts of this account's budgets.

    Sources: Amazon SNS Developer Guide, "Enable compatibility between event sources from AWS services and encrypted
    topics"; AWS Cost Management User Guide, "Creating an Amazon SNS topic for budget notifications".
    """
    actions = ("kms:Decrypt", "kms:GenerateDataKey")
    alarms = iam.allow(
        "EncryptAlarms",
        *actions,
        on=THIS_KEY,
        to={"Service": "cloudwatch.amazonaws.com"},
        when={
            "StringEquals": {"aws:SourceAccount": environment.account_id},
            "ArnLike": {"aws:SourceArn": environment.arn("cloudwatch", f"alarm:{environment.prefix}-*")},
        },
    )
    if not budget:
        return (alarms,)
    alerts = iam.allow(
        "EncryptBudgetAlerts",
        *actions,
        on=THIS_KEY,
        to={"Service": "budgets.amazonaws.com"},
        when=environment.on_behalf_of_budgets,
    )
    return alarms, alerts


def _encrypt_undelivered_events(environment: Environment) -> iam.Statement:
    """Let EventBridge encrypt the events of this account that it could not deliver and leaves in a queue.

    Source: Amazon SQS Developer Guide, "Key management", which shows the actions and leaves conditions open. That KMS is
    told the account: the AWS CDK puts this condition on EventBridge's use of encrypted queues and of their keys
    (aws/aws-cdk, pull request 22740, `aws-events-targets/lib/sqs.ts`). For encrypted topics EventBridge supports no such
    condition: Amazon SNS Developer Guide, "Managing Amazon SNS encryption keys and costs".
    """
    return iam.allow(
        "EncryptUndeliveredEvents",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        on=THIS_KEY,
        to={"Service": "events.amazonaws.com"},
        when={"StringEquals": {"aws:SourceAccount": environment.account_id}},
    )
