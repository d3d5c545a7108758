"""Permissions in Studio that only lead data scientists have: launch projects, approve models.

Sources: as in `permissions.py`.
"""

import pulumi

from components import iam
from components.environment import Environment


def launch_projects(environment: Environment, templates_bucket_arn: pulumi.Input[str]) -> list[iam.Statement]:
    """Create and delete projects; Studio calls Service Catalog with the permissions of its user."""
    return [
        iam.allow(
            "SeeProjectTemplates",
            "s3:GetObject",
            "s3:GetObjectTagging",
            "s3:ListBucket",
            on=[templates_bucket_arn, pulumi.Output.concat(templates_bucket_arn, "/*")],
        ),
        iam.allow(
            "LaunchProjects",
            "sagemaker:AddTags",
            "sagemaker:CreateProject",
            "sagemaker:DeleteProject",
            "sagemaker:UpdateProject",
            on=environment.arn("sagemaker", "project/*"),
        ),
        iam.allow(
            "ProvisionProducts",
            "servicecatalog:DescribeProduct",
            "servicecatalog:DescribeProvisioningArtifact",
            "servicecatalog:DescribeProvisioningParameters",
            "servicecatalog:ListLaunchPaths",
            "servicecatalog:ListProvisioningArtifacts",
            "servicecatalog:ProvisionProduct",
            on=environment.arn("catalog", "product/*"),
        ),
        iam.allow(
            "FindProducts",
            "servicecatalog:DescribeProductView",
            "servicecatalog:SearchProducts",
            on=iam.EveryResource(reason="AWS has no resource type for it; a search shows the caller's portfolios only"),
        ),
        iam.allow(
            "FollowLaunches",
            "servicecatalog:DescribeProvisionedProduct",
            "servicecatalog:DescribeRecord",
            "servicecatalog:SearchProvisionedProducts",
            "servicecatalog:TerminateProvisionedProduct",
            "servicecatalog:UpdateProvisionedProduct",
            on=iam.EveryResource(reason="AWS has no resource type for it; the condition keeps to this role's launches"),
            when={"StringEquals": {"servicecatalog:roleLevel": "self"}},
        ),
    ]


def approve_models(environment: Environment) -> iam.Statement:
    """Approve or reject a model package."""
    return iam.allow(
        "ApproveModels", "sagemaker:UpdateModelPackage", on=environment.arn("sagemaker", "model-package/*")
    )


def neither_launch_nor_approve() -> list[iam.Statement]:
    """Deny the actions of leads, so that a policy attached later cannot give them to data scientists by accident."""
    everything = iam.EveryResource(reason="a denial must not leave a gap")
    return [
        iam.deny(
            "NoLaunches",
            "sagemaker:CreateProject",
            "sagemaker:DeleteProject",
            "sagemaker:UpdateProject",
            "servicecatalog:ProvisionProduct",
            "servicecatalog:TerminateProvisionedProduct",
            "servicecatalog:UpdateProvisionedProduct",
            on=everything,
        ),
        iam.deny("NoApprovals", "sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage", on=everything),
    ]
