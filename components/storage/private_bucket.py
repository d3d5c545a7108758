"""A bucket for data, and the grant by which roles reach it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.retention import retained
from components.storage.closed_bucket import bucket_policy, closed_bucket
from components.storage.folders import Folder, SharedFolder, named_writers, one_writer, write_once

EXPIRING_DAYS = 35
"""Days for which the requests to an endpoint are kept: a month, and some days to look at it."""
PLACEHOLDER_BYTES = 100
"""Most bytes of an object that does not expire with its folder; a captured request has several hundred."""


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """Purpose of a bucket, its key and its access logs."""

    environment: Environment
    purpose: str
    """Names the bucket, its grants, and its folder among the access logs."""
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts every object."""
    access_log_bucket_name: pulumi.Input[str]
    keep_on_destroy: bool
    """Whether it outlives the stack, and cannot be deleted by mistake."""
    one_writer: Folder | None = None
    """Folder that one role alone writes."""
    write_once: Folder | None = None
    """Folder whose objects are never replaced or deleted."""
    named_writers: SharedFolder | None = None
    """Folder that named roles alone write."""
    expiring: Sequence[str] = ()
    """Folders whose objects are gone, with all of their versions, after `EXPIRING_DAYS`."""


class PrivateBucket(pulumi.ComponentResource):
    """A bucket that roles reach only by a grant and over TLS; its objects can be restored for a year."""

    bucket_name: pulumi.Output[str]
    """Known once the bucket is closed, encrypted and versioned, so that nothing is ever stored in it before."""
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:PrivateBucket", name, None, opts)
        # What secures a bucket is kept with it: a bucket that is retained must not be left open.
        kept = retained(self, keep=args.keep_on_destroy)
        bucket = closed_bucket(name, args.environment.bucket_name(args.purpose), kept)
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.kms_key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=kept,
        )
        _lifecycle(name, bucket, args.expiring, kept)
        aws.s3.BucketLogging(
            f"{name}-logging",
            bucket=bucket.bucket,
            target_bucket=args.access_log_bucket_name,
            target_prefix=f"{args.purpose}/",
            opts=kept,
        )
        policy = bucket_policy(
            name,
            bucket,
            kept,
            *(one_writer(bucket.arn, args.one_writer) if args.one_writer else []),
            *(write_once(bucket.arn, args.write_once) if args.write_once else []),
            *(named_writers(bucket.arn, args.named_writers) if args.named_writers else []),
        )
        self._purpose = "".join(word.capitalize() for word in args.purpose.split("-"))
        self.arn = bucket.arn
        self.bucket_name = pulumi.Output.all(bucket.bucket, encryption.id, policy.id).apply(lambda parts: parts[0])
        self.register_outputs({"bucket_name": self.bucket_name, "arn": self.arn})

    def read_and_write(self) -> iam.Statement:
        """Let a role list the bucket, and read, store and remove objects; their earlier versions remain."""
        return iam.allow(
            f"ReadAndWrite{self._purpose}",
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
            on=[self.arn, pulumi.Output.concat(self.arn, "/*")],
        )


def _lifecycle(name: str, bucket: aws.s3.Bucket, expiring: Sequence[str], kept: pulumi.ResourceOptions) -> None:
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=bucket.bucket,
        rules=[
            {
                "id": "tier-and-expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "transitions": [{"days": 30, "storage_class": "INTELLIGENT_TIERING"}],
                "noncurrent_version_transitions": [
                    {"noncurrent_days": 30, "storage_class": "STANDARD_IA"},
                    {"noncurrent_days": 90, "storage_class": "GLACIER"},
                ],
                "noncurrent_version_expiration": {"noncurrent_days": 360},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
            },
            *(_expiration(folder) for folder in expiring),
        ],
        opts=kept,
    )


def _expiration(folder: str) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
    """Return the rule by which the objects of a folder expire, but for those that keep the folder from being empty.

    Where two rules expire an object, S3 takes the shorter time. Source: Amazon S3 User Guide, "Lifecycle configuration conflicts".
    """
    return {
        "id": f"expire-{folder}",
        "status": "Enabled",
        "filter": {"and_": {"prefix": f"{folder}/", "object_size_greater_than": PLACEHOLDER_BYTES}},
        "expiration": {"days": EXPIRING_DAYS},
        "noncurrent_version_expiration": {"noncurrent_days": 1},
    }
