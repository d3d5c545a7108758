"""What every bucket has in common: it is versioned, closed to the public, and reached by TLS alone."""

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment


def closed_bucket(name: str, environment: Environment, purpose: str, kept: pulumi.ResourceOptions) -> aws.s3.Bucket:
    """A versioned bucket that cannot be made public and whose objects all belong to its account."""
    bucket = aws.s3.Bucket(
        f"{name}-bucket",
        bucket=environment.bucket_name(purpose),
        force_destroy=not environment.keep_on_destroy,
        opts=kept,
    )
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


def bucket_policy(
    name: str, bucket: aws.s3.Bucket, kept: pulumi.ResourceOptions, *statements: iam.Statement
) -> aws.s3.BucketPolicy:
    """The policy of a bucket, which lets nobody in without TLS."""
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
