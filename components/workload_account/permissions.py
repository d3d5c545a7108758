"""Permissions of the onboarding function: give a project its roles, and remove what its endpoints left."""

from collections.abc import Sequence

import pulumi

from components import iam
from components.environment import Environment
from components.model_release import PURPOSE as MODEL_RELEASE


def onboard(
    environment: Environment, *, template_urls: Sequence[pulumi.Input[str]], stack_role_arn: pulumi.Input[str]
) -> list[iam.Statement]:
    """Give a project its roles: from a published template and under CloudFormation's own role, and in no other way."""
    stacks = environment.arn("cloudformation", f"stack/{environment.prefix}-p-*/*")
    by_role = {"cloudformation:RoleArn": stack_role_arn}
    return [
        iam.allow(
            "GiveProjectsTheirRoles",
            "cloudformation:CreateStack",
            "cloudformation:UpdateStack",
            on=stacks,
            when={"StringEquals": {**by_role, "cloudformation:TemplateUrl": template_urls}},
        ),
        iam.allow("TakeThemAway", "cloudformation:DeleteStack", on=stacks, when={"StringEquals": by_role}),
        iam.allow("SeeStacks", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks", on=stacks),
        iam.allow(
            "PassStackRole",
            "iam:PassRole",
            on=stack_role_arn,
            when={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        ),
    ]


def manage_aliases(environment: Environment) -> iam.Statement:
    """Give a project its alias of the release function, and take it away; the function itself stays as it is.

    Source: `handlers` of AWS::Lambda::Alias in the CloudFormation registry. Lambda decides about aliases by their function.
    """
    return iam.allow(
        "ManageAliases",
        "lambda:CreateAlias",
        "lambda:DeleteAlias",
        "lambda:GetAlias",
        "lambda:UpdateAlias",
        on=environment.arn("lambda", f"function:{environment.prefix}-{MODEL_RELEASE}"),
    )


def read_template(
    environment: Environment, *, objects: pulumi.Input[str], key_arn: pulumi.Input[str]
) -> list[iam.Statement]:
    """Read the template: CloudFormation fetches it with the permissions of its caller."""
    return [
        iam.allow("ReadTemplate", "s3:GetObject", on=objects),
        iam.allow(
            "DecryptTemplate",
            "kms:Decrypt",
            on=key_arn,
            when={"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}},
        ),
    ]


def remove_what_served(environment: Environment) -> list[iam.Statement]:
    """Delete what a project's endpoints left when the project is deleted; never create or change any, nor end an endpoint."""
    own = f"{environment.prefix}-p-*"
    return [
        iam.allow(
            "RemoveConfigurationsAndModels",
            "sagemaker:DeleteEndpointConfig",
            "sagemaker:DeleteModel",
            on=[environment.arn("sagemaker", f"{kind}/{own}") for kind in ("endpoint-config", "model")],
        ),
        iam.allow(
            "RemoveAlarms",
            "cloudwatch:DeleteAlarms",
            # The second are those that scaling made for itself.
            on=[environment.arn("cloudwatch", f"alarm:{name}{own}") for name in ("", "TargetTracking-endpoint/")],
        ),
        iam.allow(
            "RemoveDashboards",
            "cloudwatch:DeleteDashboards",
            on=f"arn:aws:cloudwatch::{environment.account_id}:dashboard/{own}",
        ),
        iam.allow(
            "RemoveScaling",
            "application-autoscaling:DeregisterScalableTarget",
            # Auto Scaling names what it scales by ids of its own.
            on=environment.arn("application-autoscaling", "scalable-target/*"),
            when={"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
        ),
        # Neither is deleted with anything in it. Sources: S3 API Reference, "DeleteBucket"; SageMaker API Reference, "DeleteModelPackageGroup".
        iam.allow("RemoveEmptyBuckets", "s3:DeleteBucket", on=environment.bucket_arn("p-*")),
        iam.allow(
            "RemoveEmptyModelGroups",
            "sagemaker:DeleteModelPackageGroup",
            "sagemaker:ListModelPackages",
            # The versions of a group are listed as what has its name and theirs.
            on=[environment.arn("sagemaker", f"{kind}/*-p-*") for kind in ("model-package-group", "model-package")],
        ),
        # Alarms are found by the beginning of their name, which is judged like reading all.
        iam.allow("FindAlarms", "cloudwatch:DescribeAlarms", on=environment.arn("cloudwatch", "alarm:*")),
        iam.allow(
            "FindDeployments",
            "application-autoscaling:DescribeScalableTargets",
            "cloudwatch:ListDashboards",
            "scheduler:ListSchedules",
            "sagemaker:ListEndpointConfigs",
            "sagemaker:ListEndpoints",
            "sagemaker:ListModels",
            on=iam.NO_RESOURCE_TYPE,
        ),
    ]
