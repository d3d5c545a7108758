"""Permissions in Studio that only lead data scientists have: launch projects, approve models.

Sources: as in `permissions.py`.
"""

from collections.abc import Sequence

import pulumi

from components import iam
from components.environment import LEAD_DATA_SCIENTIST, Environment
from components.storage.folders import Folder

FOLDER = "leads"
"""Folder of each shared bucket in which leads alone write."""


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
    """Approve or reject a model package.

    What its pipeline registered nobody changes: SageMaker has no operation for it. There is no condition key for its container: a version
    of which that was changed is refused when it is released. Nor is there one for its card or its source's address, of which neither
    says what is served. Source: Service Authorization Reference, "Condition keys for Amazon SageMaker AI".
    """
    return iam.allow(
        "ApproveModels",
        "sagemaker:UpdateModelPackage",
        on=environment.arn("sagemaker", "model-package/*"),
        when={"Null": {"sagemaker:ModelApprovalStatus": "false"}},
    )


def put_records(environment: Environment) -> iam.Statement:
    """Put records into the feature groups of projects: what main trains from then, nobody reviews."""
    return iam.allow("PutRecords", "sagemaker:PutRecord", on=environment.arn("sagemaker", "feature-group/p-*"))


def files_of_leads(environment: Environment) -> Folder:
    """Return the folder of what leads run themselves; so the bucket refuses all others, whatever their policies grant."""
    return Folder(name=FOLDER, writer_role_arn=environment.role_arn(LEAD_DATA_SCIENTIST))


def leave_files_of_leads_alone(shared_bucket_arns: Sequence[pulumi.Input[str]]) -> iam.Statement:
    """Deny writing where leads keep what they run themselves, in the buckets that everybody reads and writes."""
    return iam.deny(
        "LeaveFilesOfLeadsAlone",
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:PutObject",
        on=[pulumi.Output.concat(arn, f"/{FOLDER}/*") for arn in shared_bucket_arns],
    )


def neither_launch_nor_approve() -> list[iam.Statement]:
    """Deny the actions of leads, so that no policy attached later gives them to data scientists or jobs by accident."""
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
