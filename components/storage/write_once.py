"""A folder of a bucket in which one role creates objects, and nobody replaces or deletes any."""

from dataclasses import dataclass

import pulumi

from components import iam


@dataclass(frozen=True, kw_only=True)
class WriteOnceFolder:
    """A folder, and the role that writes in it."""

    name: str
    writer_role_arn: str


def write_once(bucket_arn: pulumi.Input[str], folder: WriteOnceFolder) -> list[iam.Statement]:
    """Return statements of the bucket's own policy, which hold for the account's administrators, too.

    An upload of parts is created and filled without the header that keeps it from replacing an object; it is completed
    only with it. Source: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets".
    """
    objects = pulumi.Output.concat(bucket_arn, f"/{folder.name}/*")
    return [
        iam.deny(
            "OnlyOneRoleWrites",
            "s3:PutObject*",
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
        iam.deny("NothingIsDeleted", "s3:DeleteObject*", on=objects, to="*"),
    ]
