"""The bucket of the access logs of all others."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.retention import retained
from components.storage.closed_bucket import bucket_policy, closed_bucket

PURPOSE = "access-logs"
RETENTION_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class AccessLogBucketArgs:
    """Settings of the bucket for access logs."""

    environment: Environment
    keep_on_destroy: bool
    """Whether it outlives the stack, and cannot be deleted by mistake."""


class AccessLogBucket(pulumi.ComponentResource):
    """The bucket that S3 delivers access logs to.

    S3 delivers to no bucket with a customer key, so this one is encrypted with S3's own; and it does not log itself,
    or every delivery would cause another.
    Source: S3 User Guide, "Enabling Amazon S3 server access logging".
    """

    bucket_name: pulumi.Output[str]
    """Known once S3 may deliver to the bucket."""

    def __init__(self, name: str, args: AccessLogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:AccessLogBucket", name, None, opts)
        kept = retained(self, keep=args.keep_on_destroy)
        bucket = closed_bucket(name, args.environment.bucket_name(PURPOSE), kept)
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=kept,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": RETENTION_DAYS},
                    "noncurrent_version_expiration": {"noncurrent_days": 30},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                }
            ],
            opts=kept,
        )
        policy = bucket_policy(
            name,
            bucket,
            kept,
            iam.allow(
                "DeliverAccessLogs",
                "s3:PutObject",
                on=pulumi.Output.concat(bucket.arn, "/*"),
                to={"Service": "logging.s3.amazonaws.com"},
                when={
                    "StringEquals": {"aws:SourceAccount": args.environment.account_id},
                    "ArnLike": {"aws:SourceArn": args.environment.bucket_arn("*")},
                },
            ),
        )
        self.bucket_name = pulumi.Output.all(bucket.bucket, policy.id).apply(lambda parts: parts[0])
        self.register_outputs({"bucket_name": self.bucket_name})
