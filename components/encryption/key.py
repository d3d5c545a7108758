"""A key, its administration, and the grants by which roles use it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.retention import retained

ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
DELETION_WINDOW_DAYS = 30

THIS_KEY = iam.EveryResource(reason="in a key's own policy, * is that key")


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    """Purpose of a key, and its further users."""

    environment: Environment
    purpose: str
    """Suffix of the key's alias `{prefix}-{purpose}`."""
    description: str
    keep_on_destroy: bool
    """Whether it outlives the stack, and cannot be deleted by mistake."""
    statements: Sequence[iam.Statement] = ()
    """Permission to use the key for principals that the account's own IAM policies do not cover."""


class EncryptionKey(pulumi.ComponentResource):
    """A key of the account's own, rotated every year.

    Its policy leaves administration and use to the account's IAM policies, by named actions: a role needs a statement
    of its own (`use`), and no role, the one that deploys included, can lock the account out of the key.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EncryptionKey", name, None, opts)
        account = {"AWS": f"arn:aws:iam::{args.environment.account_id}:root"}
        key = aws.kms.Key(
            f"{name}-key",
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=iam.document(
                iam.allow("AdministerThroughIam", *ADMINISTRATION, on=THIS_KEY, to=account),
                iam.allow("UseThroughIam", *USE, on=THIS_KEY, to=account),
                # SageMaker's jobs, endpoints and file systems hold grants; no role creates one for another purpose.
                iam.allow(
                    "GrantToServicesThroughIam",
                    "kms:CreateGrant",
                    on=THIS_KEY,
                    to=account,
                    when={"Bool": {"kms:GrantIsForAWSResource": "true"}},
                ),
                *args.statements,
            ),
            # A key must outlive whatever it encrypted.
            opts=retained(self, keep=args.keep_on_destroy),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{args.environment.prefix}-{args.purpose}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._purpose = args.purpose.capitalize()
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})

    def use(self) -> iam.Statement:
        """Let a role encrypt and decrypt with the key."""
        return iam.allow(f"Use{self._purpose}Key", *USE, on=self.arn)

    def grant_to_services(self) -> iam.Statement:
        """Let a role hand the key on to the AWS services that work for it, such as SageMaker for a job's disks."""
        return iam.allow(
            f"Grant{self._purpose}KeyToServices",
            "kms:CreateGrant",
            on=self.arn,
            when={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        )
