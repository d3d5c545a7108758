"""Permissions of the deployment trigger: read approved packages, freeze their artifacts, and record approvals and retrainings."""

import pulumi

from components import iam
from components.environment import Environment


def read_approvals(environment: Environment) -> list[iam.Statement]:
    """Read the model packages and the parameters of projects; approve nothing."""
    projects = f"parameter{environment.parameter_path}/projects"
    return [
        iam.allow(
            "ReadModelPackages",
            "sagemaker:DescribeModelPackage",
            "sagemaker:ListModelPackages",
            on=[
                environment.arn("sagemaker", "model-package-group/*-p-*"),
                environment.arn("sagemaker", "model-package/*-p-*/*"),
            ],
        ),
        iam.deny(
            "NeverApprove",
            "sagemaker:CreateModelPackage",
            "sagemaker:UpdateModelPackage",
            on=iam.EveryResource(reason="a denial must not leave a gap"),
        ),
        iam.allow(
            "FindProjects",
            "ssm:GetParameter",
            "ssm:GetParametersByPath",
            on=[environment.arn("ssm", projects), environment.arn("ssm", f"{projects}/*")],
        ),
    ]


def keep_approved_artifacts(environment: Environment, data_key_arn: pulumi.Input[str]) -> list[iam.Statement]:
    """Copy artifacts within projects' buckets to where no other role writes, and record approvals and retrainings there."""
    buckets = environment.bucket_arn("p-*")
    own = {"aws:ResourceAccount": environment.account_id}
    return [
        iam.allow("ReadArtifacts", "s3:GetObject", on=f"{buckets}/*", when={"StringEquals": own}),
        iam.allow(
            "WriteApprovals",
            "s3:AbortMultipartUpload",
            "s3:PutObject",
            on=[f"{buckets}/{folder}/*" for folder in ("approved", "deployments", "retraining")],
            when={"StringEquals": own},
        ),
        iam.allow(
            "ListApprovals",
            "s3:ListBucket",
            on=buckets,
            when={"StringEquals": own, "StringLike": {"s3:prefix": "deployments/*"}},
        ),
        iam.allow(
            "UseDataKeyThroughS3",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            on=data_key_arn,
            when={"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}},
        ),
    ]
