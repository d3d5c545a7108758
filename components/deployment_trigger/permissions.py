"""What the deployment trigger may do: read what was approved, keep it where it is safe, and remember that it did."""

import pulumi

from components import iam
from components.site import Site


def read_approvals(site: Site) -> list[iam.Statement]:
    """Read the model packages of projects, and which projects deploy theirs; approve none."""
    projects = f"parameter{site.parameter_path}/projects"
    return [
        iam.allow(
            "ReadModelPackages",
            "sagemaker:DescribeModelPackage",
            "sagemaker:ListModelPackages",
            on=[
                site.arn("sagemaker", "model-package-group/*-p-*"),
                site.arn("sagemaker", "model-package/*-p-*/*"),
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
            on=[site.arn("ssm", projects), site.arn("ssm", f"{projects}/*")],
        ),
    ]


def keep_approved_artifacts(site: Site, data_key_arn: pulumi.Input[str]) -> list[iam.Statement]:
    """Copy artifacts within projects' buckets to where nobody else writes, and remember approvals there."""
    buckets = f"arn:aws:s3:::{site.prefix}-p-*"
    own = {"aws:ResourceAccount": site.account_id}
    return [
        iam.allow("ReadArtifacts", "s3:GetObject", on=f"{buckets}/*", when={"StringEquals": own}),
        iam.allow(
            "WriteApprovals",
            "s3:PutObject",
            on=[f"{buckets}/approved/*", f"{buckets}/deployments/*"],
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
            when={"StringEquals": {"kms:ViaService": f"s3.{site.region}.amazonaws.com"}},
        ),
    ]
