"""Permissions of a launch: create and delete exactly what the project templates contain, under a project's own names.

Source: the `handlers` sections of the resource types' schemas in the CloudFormation registry.
"""

import pulumi

from components import iam
from components.environment import Environment


def manage_stacks(environment: Environment) -> list[iam.Statement]:
    """Let Service Catalog manage the stacks of launches.

    Source: Service Catalog Administrator Guide, "AWS Service Catalog Launch Constraints".
    """
    stacks = environment.arn("cloudformation", f"stack/SC-{environment.account_id}-pp-*")
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
        resolve_parameters(environment),
    ]


def resolve_parameters(environment: Environment) -> iam.Statement:
    """Read what the platform publishes, which templates refer to."""
    return iam.allow(
        "ResolveParameters",
        "ssm:GetParameter",
        "ssm:GetParameters",
        on=environment.arn("ssm", f"parameter{environment.parameter_path}/*"),
    )


def manage_roles(environment: Environment) -> list[iam.Statement]:
    """Create and delete a project's roles, under the boundary alone."""
    project_roles = environment.role_arn("p-*")
    return [
        iam.allow(
            "WriteBoundedRoles",
            "iam:CreateRole",
            "iam:DeleteRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            on=project_roles,
            when={"StringEquals": {"iam:PermissionsBoundary": environment.boundary_arn}},
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
            "iam:UpdateRoleDescription",
            on=project_roles,
        ),
    ]


def manage_buckets(environment: Environment) -> list[iam.Statement]:
    """Create and delete a project's bucket, and read nothing in it."""
    return [
        iam.allow(
            "ManageBuckets",
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:GetBucketAcl",
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
            "s3:ListTagsForResource",
            "s3:PutBucketLogging",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutIntelligentTieringConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:TagResource",
            "s3:UntagResource",
            on=environment.bucket_arn("p-*"),
        ),
    ]


def manage_model_groups(environment: Environment) -> iam.Statement:
    """Create and delete a project's group of models."""
    return iam.allow(
        "ManageModelGroups",
        "sagemaker:AddTags",
        "sagemaker:CreateModelPackageGroup",
        "sagemaker:DeleteModelPackageGroup",
        "sagemaker:DeleteModelPackageGroupPolicy",
        "sagemaker:DeleteTags",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:GetModelPackageGroupPolicy",
        "sagemaker:ListTags",
        "sagemaker:PutModelPackageGroupPolicy",
        on=environment.arn("sagemaker", "model-package-group/*-p-*"),
    )


def manage_code_repositories(environment: Environment) -> iam.Statement:
    """Create and delete a project's repository as Studio lists it."""
    return iam.allow(
        "ManageCodeRepositories",
        "sagemaker:AddTags",
        "sagemaker:CreateCodeRepository",
        "sagemaker:DeleteCodeRepository",
        "sagemaker:DeleteTags",
        "sagemaker:DescribeCodeRepository",
        "sagemaker:ListTags",
        "sagemaker:UpdateCodeRepository",
        on=environment.arn("sagemaker", "code-repository/*-p-*"),
    )


def manage_schedules(environment: Environment) -> list[iam.Statement]:
    """Create and delete a project's group of schedules with the schedules in it, its dead letters, and their alarms."""
    own = f"{environment.prefix}-p-*"
    return [
        iam.allow(
            "ManageScheduleGroups",
            "scheduler:CreateScheduleGroup",
            "scheduler:DeleteScheduleGroup",
            "scheduler:GetScheduleGroup",
            "scheduler:ListTagsForResource",
            "scheduler:TagResource",
            "scheduler:UntagResource",
            on=environment.arn("scheduler", f"schedule-group/{own}"),
        ),
        iam.allow(
            "EndSchedules",
            "scheduler:DeleteSchedule",
            on=environment.arn("scheduler", f"schedule/{own}/*"),
        ),
        iam.allow(
            "ManageDeadLetters",
            "sqs:CreateQueue",
            "sqs:DeleteQueue",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListQueueTags",
            "sqs:SetQueueAttributes",
            "sqs:TagQueue",
            "sqs:UntagQueue",
            on=environment.arn("sqs", f"{own}-dead-letters"),
        ),
        iam.allow(
            "ManageTheirAlarms",
            "cloudwatch:DeleteAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
            on=[environment.arn("cloudwatch", f"alarm:{own}-{name}") for name in ("dead-letters", "failed")],
        ),
    ]


def manage_parameters(environment: Environment) -> iam.Statement:
    """Create and delete the parameters that describe a project to the platform."""
    return iam.allow(
        "ManageProjectParameters",
        "ssm:AddTagsToResource",
        "ssm:DeleteParameter",
        "ssm:ListTagsForResource",
        "ssm:PutParameter",
        "ssm:RemoveTagsFromResource",
        on=environment.arn("ssm", f"parameter{environment.parameter_path}/projects/p-*"),
    )


def clone_templates(cloner_arn: pulumi.Input[str]) -> iam.Statement:
    """Invoke the template cloner, for a project's repositories and its roles in other accounts."""
    return iam.allow("CloneTemplates", "lambda:InvokeFunction", on=cloner_arn)
