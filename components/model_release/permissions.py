"""Permissions of the release function: read what was approved in development, keep it here, and make models of it."""

from collections.abc import Collection

import pulumi

from components import iam
from components.environment import Environment
from components.storage.private_bucket import PrivateBucket

APPROVED = "approved"
"""Folder of released artifacts in this account's bucket, and of frozen artifacts in the buckets of projects."""


def read_approvals(development: Environment) -> list[iam.Statement]:
    """Read versions and their frozen artifacts in development; the policies there must allow it, too."""
    return [
        iam.allow(
            "ReadApprovals",
            "sagemaker:DescribeModelPackage",
            on=development.arn("sagemaker", "model-package/*-p-*/*"),
        ),
        iam.allow(
            "ReadFrozenArtifacts",
            "s3:GetObject",
            on=f"{development.bucket_arn('p-*')}/{APPROVED}/*",
            # The name of a bucket that was deleted may be taken by any account.
            when={"StringEquals": {"aws:ResourceAccount": development.account_id}},
        ),
        iam.allow(
            "DecryptFrozenArtifacts",
            "kms:Decrypt",
            on=development.arn("kms", "key/*"),
            when={"StringEquals": {"kms:ViaService": f"s3.{development.region}.amazonaws.com"}},
        ),
    ]


def keep_artifacts(
    environment: Environment, artifacts: PrivateBucket, data_key_arn: pulumi.Input[str]
) -> list[iam.Statement]:
    """Copy artifacts into this account, and record what was released; the bucket's policy lets nothing be replaced."""
    return [
        iam.allow(
            "KeepArtifacts",
            "s3:AbortMultipartUpload",
            "s3:GetObject",
            "s3:PutObject",
            on=pulumi.Output.concat(artifacts.arn, f"/{APPROVED}/p-*"),
        ),
        # S3 says "not found" only to callers that may list, and to a request that has no prefix.
        iam.allow(
            "FindArtifacts",
            "s3:ListBucket",
            on=artifacts.arn,
            when={"StringLikeIfExists": {"s3:prefix": f"{APPROVED}/*"}},
        ),
        # An upload of several parts takes both. Source: Amazon S3 API Reference, CreateMultipartUpload.
        iam.allow(
            "EncryptArtifacts",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            on=data_key_arn,
            when={"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}},
        ),
    ]


def make_models(environment: Environment) -> list[iam.Statement]:
    """Make isolated models of projects, which run under their projects' own roles, and change none."""
    own = environment.arn("sagemaker", f"model/{environment.prefix}-p-*-{APPROVED}-*")
    return [
        iam.allow(
            "MakeModels",
            "sagemaker:CreateModel",
            on=own,
            when={"Bool": {"sagemaker:NetworkIsolation": "true"}},
        ),
        iam.allow("TagAndCompareModels", "sagemaker:AddTags", "sagemaker:DescribeModel", on=own),
        iam.allow(
            "PassModelRoles",
            "iam:PassRole",
            on=environment.role_arn("p-*-model"),
            when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    ]


def tell_what_is_served(function_arns: Collection[str]) -> list[iam.Statement]:
    """Invoke the functions that note it in development's registry; there is none unless this account is production."""
    return [iam.allow("TellWhatIsServed", "lambda:InvokeFunction", on=list(function_arns))] if function_arns else []
