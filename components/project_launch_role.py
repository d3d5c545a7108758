"""The role under which Service Catalog launches a project."""

from dataclasses import dataclass

import pulumi

from components import iam
from components.role import Role, RoleArgs


@dataclass(frozen=True, kw_only=True)
class ProjectLaunchRoleArgs:
    """What a launch may touch."""

    unit: str
    environment: str
    account_id: str
    region: str
    boundary_arn: pulumi.Input[str]
    """Boundary of this role, and of every role that a launch creates."""
    template_cloner_arn: pulumi.Input[str]


class ProjectLaunchRole(pulumi.ComponentResource):
    """Creates and deletes exactly what the project templates contain, and only under a project's own names."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ProjectLaunchRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectLaunchRole", name, None, opts)
        prefix = f"{args.unit}-{args.environment}"
        role = Role(
            name,
            RoleArgs(
                role_name=f"{prefix}-project-launch",
                description="Service Catalog: create and delete what a project consists of",
                trust_policy=iam.trust_service("servicecatalog.amazonaws.com", account_id=args.account_id),
                boundary_arn=args.boundary_arn,
                policies={
                    "stacks": iam.document(*_stacks(args), *_roles(prefix, args)),
                    "resources": iam.document(*_buckets(prefix, args), *_sagemaker(args), *_repositories(args)),
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _stacks(args: ProjectLaunchRoleArgs) -> list[iam.Statement]:
    """What Service Catalog itself does with the role.

    Source: Service Catalog Administrator Guide, "AWS Service Catalog Launch Constraints".
    """
    stacks = f"arn:aws:cloudformation:{args.region}:{args.account_id}:stack/SC-{args.account_id}-pp-*"
    return [
        iam.allow(
            "ManageProjectStacks",
            "cloudformation:CreateStack",
            "cloudformation:DeleteStack",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResource",
            "cloudformation:DescribeStackResources",
            "cloudformation:DescribeStacks",
            "cloudformation:GetTemplate",
            "cloudformation:ListStackResources",
            "cloudformation:SetStackPolicy",
            "cloudformation:TagResource",
            "cloudformation:UntagResource",
            "cloudformation:UpdateStack",
            on=stacks,
        ),
        iam.allow(
            "CheckTemplates",
            "cloudformation:GetTemplateSummary",
            "cloudformation:ValidateTemplate",
            on=iam.EveryResource(reason="a template that is not a stack yet has no ARN"),
        ),
        iam.allow(
            "ReadTemplates",
            "s3:GetObject",
            on=iam.EveryResource(reason="Service Catalog keeps templates in buckets of its own and tags what it runs"),
            when={"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}},
        ),
        iam.allow(
            "ResolveParameters",
            "ssm:GetParameter",
            "ssm:GetParameters",
            on=f"arn:aws:ssm:{args.region}:{args.account_id}:parameter/mlops/{args.unit}/{args.environment}/*",
        ),
    ]


def _roles(prefix: str, args: ProjectLaunchRoleArgs) -> list[iam.Statement]:
    project_roles = f"arn:aws:iam::{args.account_id}:role/{prefix}-p-*"
    return [
        iam.allow(
            "WriteBoundedRoles",
            "iam:CreateRole",
            "iam:DeleteRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            on=project_roles,
            when={"StringEquals": {"iam:PermissionsBoundary": args.boundary_arn}},
        ),
        iam.allow(
            "MaintainRoles",
            "iam:DeleteRole",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
            "iam:ListRoleTags",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
            on=project_roles,
        ),
    ]


def _buckets(prefix: str, args: ProjectLaunchRoleArgs) -> list[iam.Statement]:
    return [
        iam.allow(
            "ManageBuckets",
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:GetBucketLogging",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetIntelligentTieringConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucket",
            "s3:PutBucketLogging",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutIntelligentTieringConfiguration",
            "s3:PutLifecycleConfiguration",
            on=f"arn:aws:s3:::{prefix}-p-*-{args.account_id}-{args.region}",
        ),
    ]


def _sagemaker(args: ProjectLaunchRoleArgs) -> list[iam.Statement]:
    sagemaker = f"arn:aws:sagemaker:{args.region}:{args.account_id}"
    return [
        iam.allow(
            "ManageModelGroups",
            "sagemaker:AddTags",
            "sagemaker:CreateModelPackageGroup",
            "sagemaker:DeleteModelPackageGroup",
            "sagemaker:DeleteTags",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:GetModelPackageGroupPolicy",
            "sagemaker:ListTags",
            on=f"{sagemaker}:model-package-group/*-p-*",
        ),
        iam.allow(
            "ManageCodeRepositories",
            "sagemaker:AddTags",
            "sagemaker:CreateCodeRepository",
            "sagemaker:DeleteCodeRepository",
            "sagemaker:DeleteTags",
            "sagemaker:DescribeCodeRepository",
            "sagemaker:ListTags",
            "sagemaker:UpdateCodeRepository",
            on=f"{sagemaker}:code-repository/*-p-*",
        ),
    ]


def _repositories(args: ProjectLaunchRoleArgs) -> list[iam.Statement]:
    return [iam.allow("CloneTemplates", "lambda:InvokeFunction", on=args.template_cloner_arn)]
