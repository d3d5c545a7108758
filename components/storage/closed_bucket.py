"""The properties of every bucket: versioned, closed to the public, reached by TLS alone."""

import pulumi
import pulumi_aws as aws

from components import iam


def closed_bucket(name: str, bucket_name: str, kept: pulumi.ResourceOptions) -> aws.s3.Bucket:
    """Declare a versioned bucket that cannot be made public and whose objects all belong to its account.

    A bucket that is not kept is emptied when it is destroyed.
    """
    bucket = aws.s3.Bucket(f"{name}-bucket", bucket=bucket_name, force_destroy=not kept.protect, opts=kept)
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
    """Declare the policy of a bucket, which refuses every request without TLS."""
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
