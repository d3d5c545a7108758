"""The keys that encrypt what the platform stores, one for each purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam

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


KEYS = {
    "data": "Data, models and project templates",
    "logs": "Log groups",
    "secrets": "Secrets, and messages that may carry their names",
    "studio": "Home folders of Studio",
}
"""Every purpose that a key can have."""


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    """Which keys there are, and who uses them."""

    prefix: str
    """Beginning of every physical name."""
    region: str
    account_id: str
    purposes: Sequence[str]
    """What this environment encrypts, of `KEYS`."""
    log_groups: Sequence[str]
    """Names of the log groups, as patterns."""
    data_reader_account_ids: Sequence[str]
    """Other accounts that read data and models from here."""
    keep_on_destroy: bool
    """Whether the keys outlive the stack, as they must while anything that they encrypted does."""


class Encryption(pulumi.ComponentResource):
    """One key for each purpose, so that whoever may use one has no use of the others."""

    keys: Mapping[str, "EncryptionKey"]
    """The keys by purpose."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Encryption", name, None, opts)
        statements = {
            "data": _decrypt_from_accounts(args),
            "logs": (_encrypt_log_groups(args),),
        }
        self.keys = {
            purpose: EncryptionKey(
                f"{name}-{purpose}",
                EncryptionKeyArgs(
                    prefix=args.prefix,
                    purpose=purpose,
                    description=KEYS[purpose],
                    account_id=args.account_id,
                    keep_on_destroy=args.keep_on_destroy,
                    statements=statements.get(purpose, ()),
                ),
                pulumi.ResourceOptions(parent=self),
            )
            for purpose in args.purposes
        }
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    """What a key is for, and who may use it."""

    prefix: str
    """Beginning of every physical name."""
    purpose: str
    """Ends the key's alias `{prefix}-{purpose}`."""
    description: str
    account_id: str
    keep_on_destroy: bool
    """Whether the key outlives the stack, as it must while anything that it encrypted does."""
    statements: Sequence[iam.Statement] = ()
    """Who may use the key, besides the roles of its account that are allowed to by their own policies."""


class EncryptionKey(pulumi.ComponentResource):
    """A key of the account's own, renewed every year.

    Its policy leaves administration and use to the account's IAM policies, by named actions: a role needs a statement
    of its own (`use`), and no role, the one that deploys included, can lock the account out of the key.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EncryptionKey", name, None, opts)
        account = {"AWS": f"arn:aws:iam::{args.account_id}:root"}
        key = aws.kms.Key(
            f"{name}-key",
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=iam.document(
                iam.allow("AdministerThroughIam", *ADMINISTRATION, on=THIS_KEY, to=account),
                iam.allow("UseThroughIam", *USE, on=THIS_KEY, to=account),
                # SageMaker's jobs, endpoints and file systems hold grants; nobody hands them out for other purposes.
                iam.allow(
                    "GrantToServicesThroughIam",
                    "kms:CreateGrant",
                    on=THIS_KEY,
                    to=account,
                    when={"Bool": {"kms:GrantIsForAWSResource": "true"}},
                ),
                *args.statements,
            ),
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.keep_on_destroy, retain_on_delete=args.keep_on_destroy
            ),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{args.prefix}-{args.purpose}",
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


def _decrypt_from_accounts(args: EncryptionArgs) -> tuple[iam.Statement, ...]:
    """Let other accounts read what the key encrypts in S3, if a bucket's policy and their own roles' allow it too."""
    if not args.data_reader_account_ids:
        return ()
    return (
        iam.allow(
            "DecryptFromOtherAccounts",
            "kms:Decrypt",
            "kms:DescribeKey",
            on=THIS_KEY,
            to={"AWS": [f"arn:aws:iam::{account}:root" for account in args.data_reader_account_ids]},
            when={"StringEquals": {"kms:ViaService": f"s3.{args.region}.amazonaws.com"}},
        ),
    )


def _encrypt_log_groups(args: EncryptionArgs) -> iam.Statement:
    """Let CloudWatch Logs encrypt this environment's log groups, and nothing else.

    Source: CloudWatch Logs User Guide, "Encrypt log data using AWS KMS".
    """
    scope = f"arn:aws:logs:{args.region}:{args.account_id}:log-group"
    return iam.allow(
        "EncryptLogGroups",
        *USE,
        on=THIS_KEY,
        to={"Service": f"logs.{args.region}.amazonaws.com"},
        when={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": [f"{scope}:{name}" for name in args.log_groups]}},
    )
