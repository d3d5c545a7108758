"""Folders of a bucket that one role alone writes, or named ones, by the bucket's own policy."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import iam

_WRITES = ("s3:PutObject*", "s3:Replicate*", "s3:UpdateObject*")
"""Actions that change an object, but by deleting it. Source: Service Authorization Reference, "Actions defined by Amazon S3"."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder, and the role that writes in it."""

    name: str
    writer_role_arn: str


@dataclass(frozen=True, kw_only=True)
class SharedFolder:
    """A folder, or one of each project, and the roles that write in it."""

    name: str
    """It may contain `*`."""
    writer_role_arns: Sequence[str]
    """ARNs, or patterns of several: at least one."""


def named_writers(bucket_arn: pulumi.Input[str], folder: SharedFolder) -> list[iam.Statement]:
    """Return statements that let these roles write and delete, if their own policies grant it, and nobody else whatever theirs grant."""
    others = {"ArnNotLike": {"aws:PrincipalArn": folder.writer_role_arns}}
    return [_no_change("OnlyNamedRolesWriteAndDelete", bucket_arn, folder.name, others)]


def one_writer(bucket_arn: pulumi.Input[str], folder: Folder) -> list[iam.Statement]:
    """Return statements that let one role write and delete, whatever the policies of other roles grant them."""
    others = {"ArnNotEquals": {"aws:PrincipalArn": folder.writer_role_arn}}
    return [_no_change("OnlyOneRoleWritesAndDeletes", bucket_arn, folder.name, others)]


def write_once(bucket_arn: pulumi.Input[str], folder: Folder) -> list[iam.Statement]:
    """Return statements that let one role create objects, and nobody replace or delete any, nor the account's administrators.

    An upload of parts is created and filled without the header that keeps it from replacing an object; it is completed
    only with it. Source: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets".
    """
    objects = pulumi.Output.concat(bucket_arn, f"/{folder.name}/*")
    return [
        iam.deny(
            "OnlyOneRoleWrites",
            *_WRITES,
            on=objects,
            to="*",
            when={"ArnNotEquals": {"aws:PrincipalArn": folder.writer_role_arn}},
        ),
        iam.deny(
            "NothingIsReplaced",
            "s3:PutObject",
            on=objects,
            to="*",
            when={
                # Literally the asterisk: the only value that S3 takes, and absent it is none, too.
                "StringNotEquals": {"s3:if-none-match": "*"},
                "Bool": {"s3:ObjectCreationOperation": "true"},
            },
        ),
        # An object under a key of somebody else's is as good as deleted.
        iam.deny("NothingIsDeleted", "s3:DeleteObject*", "s3:UpdateObjectEncryption", on=objects, to="*"),
    ]


def _no_change(sid: str, bucket_arn: pulumi.Input[str], folder: str, others: iam.Condition) -> iam.Statement:
    """Deny `others` to write and delete in a folder."""
    return iam.deny(
        sid,
        "s3:DeleteObject*",
        *_WRITES,
        on=pulumi.Output.concat(bucket_arn, f"/{folder}/*"),
        to="*",
        when=others,
    )
