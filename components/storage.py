"""Buckets: private, encrypted, versioned, reached by TLS alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam

ACCESS_LOG_RETENTION_DAYS = 365

ACCESS_LOGS = "access-logs"


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """Which buckets there are."""

    purposes: Sequence[str]
    """What the buckets are for."""
    bucket_name: Callable[[str], str]
    """Physical name of the bucket for a purpose."""
    account_id: str
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts every object."""
    keep_on_destroy: bool
    """Whether the buckets outlive the stack; otherwise they are deleted with everything in them."""


class Storage(pulumi.ComponentResource):
    """A bucket for each purpose, and one that records who reached them."""

    buckets: Mapping[str, "PrivateBucket"]
    """The buckets by purpose."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Storage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        access_logs = AccessLogBucket(
            f"{name}-{ACCESS_LOGS}",
            AccessLogBucketArgs(
                bucket_name=args.bucket_name(ACCESS_LOGS),
                source_buckets=args.bucket_name("*"),
                account_id=args.account_id,
                keep_on_destroy=args.keep_on_destroy,
            ),
            child,
        )
        self.buckets = {
            purpose: PrivateBucket(
                f"{name}-{purpose}",
                PrivateBucketArgs(
                    bucket_name=args.bucket_name(purpose),
                    purpose=purpose,
                    kms_key_arn=args.kms_key_arn,
                    access_log_bucket_name=access_logs.bucket_name,
                    keep_on_destroy=args.keep_on_destroy,
                ),
                child,
            )
            for purpose in args.purposes
        }
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class AccessLogBucketArgs:
    """Where the buckets of a stack record who reached them."""

    bucket_name: str
    """Physical name."""
    source_buckets: str
    """Names of the buckets that write here, as a pattern."""
    account_id: str
    keep_on_destroy: bool
    """Whether the bucket outlives the stack; otherwise it is deleted with everything in it."""


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
        kept = pulumi.ResourceOptions(parent=self, protect=args.keep_on_destroy, retain_on_delete=args.keep_on_destroy)
        bucket = _bucket(name, args.bucket_name, kept, force_destroy=not args.keep_on_destroy)
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
                    "expiration": {"days": ACCESS_LOG_RETENTION_DAYS},
                    "noncurrent_version_expiration": {"noncurrent_days": 30},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                }
            ],
            opts=kept,
        )
        policy = _policy(
            name,
            bucket,
            kept,
            iam.allow(
                "DeliverAccessLogs",
                "s3:PutObject",
                on=pulumi.Output.concat(bucket.arn, "/*"),
                to={"Service": "logging.s3.amazonaws.com"},
                when={
                    "StringEquals": {"aws:SourceAccount": args.account_id},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{args.source_buckets}"},
                },
            ),
        )
        self.bucket_name = pulumi.Output.all(bucket.bucket, policy.id).apply(lambda parts: parts[0])
        self.register_outputs({"bucket_name": self.bucket_name})


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """What a bucket is for."""

    bucket_name: str
    """Physical name."""
    purpose: str
    """Names the bucket's grants, and its folder among the access logs."""
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts every object."""
    access_log_bucket_name: pulumi.Input[str]
    keep_on_destroy: bool
    """Whether the bucket outlives the stack; otherwise it is deleted with everything in it."""


class PrivateBucket(pulumi.ComponentResource):
    """A bucket that nobody reaches but by a grant, over TLS, and whose objects can be brought back for a year."""

    bucket_name: pulumi.Output[str]
    """Known once the bucket is closed, encrypted and versioned, so that nothing is ever stored in it before."""
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:PrivateBucket", name, None, opts)
        # What secures a bucket is kept with it: a bucket that is retained must not be left open.
        kept = pulumi.ResourceOptions(parent=self, protect=args.keep_on_destroy, retain_on_delete=args.keep_on_destroy)
        bucket = _bucket(name, args.bucket_name, kept, force_destroy=not args.keep_on_destroy)
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
        _lifecycle(name, bucket, kept)
        aws.s3.BucketLogging(
            f"{name}-logging",
            bucket=bucket.bucket,
            target_bucket=args.access_log_bucket_name,
            target_prefix=f"{args.purpose}/",
            opts=kept,
        )
        policy = _policy(name, bucket, kept)
        self._purpose = "".join(word.capitalize() for word in args.purpose.split("-"))
        self.arn = bucket.arn
        self.bucket_name = pulumi.Output.all(bucket.bucket, encryption.id, policy.id).apply(lambda parts: parts[0])
        self.register_outputs({"bucket_name": self.bucket_name, "arn": self.arn})

    def read(self, prefix: str = "") -> iam.Statement:
        """Let a role list the bucket and read the objects under `prefix`."""
        return iam.allow(
            f"Read{self._purpose}",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            on=[self.arn, self._objects(prefix)],
        )

    def write(self, prefix: str = "") -> iam.Statement:
        """Let a role store and remove objects under `prefix`; their earlier versions remain."""
        return iam.allow(
            f"Write{self._purpose}",
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
            on=self._objects(prefix),
        )

    def _objects(self, prefix: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.arn, "/", prefix, "*")


def _bucket(name: str, bucket_name: str, kept: pulumi.ResourceOptions, *, force_destroy: bool) -> aws.s3.Bucket:
    """A versioned bucket that cannot be made public and whose objects all belong to its account."""
    bucket = aws.s3.Bucket(f"{name}-bucket", bucket=bucket_name, force_destroy=force_destroy, opts=kept)
    aws.s3.BucketVersioning(
        f"{name}-versioning", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=kept
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership", bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=kept
    )
    aws.s3.BucketPublicAccessBlock(
        f"{name}-public-access-block",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=kept,
    )
    return bucket


def _policy(
    name: str, bucket: aws.s3.Bucket, kept: pulumi.ResourceOptions, *statements: iam.Statement
) -> aws.s3.BucketPolicy:
    return aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.bucket,
        policy=iam.document(
            iam.deny(
                "TlsOnly",
                "s3:*",
                on=[bucket.arn, pulumi.Output.concat(bucket.arn, "/*")],
                to="*",
                when={"Bool": {"aws:SecureTransport": "false"}},
            ),
            *statements,
        ),
        opts=kept,
    )


def _lifecycle(name: str, bucket: aws.s3.Bucket, kept: pulumi.ResourceOptions) -> None:
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
            }
        ],
        opts=kept,
    )
