"""Permissions of the template cloner."""

from collections.abc import Collection

from components import iam
from components.environment import Environment


def follow_launches(environment: Environment, records_path: str) -> list[iam.Statement]:
    """Record each launch, and read why a stack is being deleted: a launch that failed leaves nothing."""
    return [
        iam.allow(
            "RememberLaunches",
            "ssm:DeleteParameter",
            "ssm:GetParameter",
            "ssm:PutParameter",
            on=environment.arn("ssm", f"parameter{records_path}/*"),
        ),
        iam.allow(
            "SeeWhyAStackIsDeleted",
            "cloudformation:DescribeStacks",
            on=_stacks_of_launches(environment),
        ),
    ]


def protect_projects(environment: Environment) -> iam.Statement:
    """Have CloudFormation refuse to delete the stacks of launched projects, or no longer refuse."""
    return iam.allow(
        "ProtectProjects", "cloudformation:UpdateTerminationProtection", on=_stacks_of_launches(environment)
    )


def _stacks_of_launches(environment: Environment) -> str:
    return environment.arn("cloudformation", f"stack/SC-{environment.account_id}-pp-*")


def onboard_projects(function_arns: Collection[str]) -> list[iam.Statement]:
    """Invoke exactly the functions that give projects their roles in the accounts that they deploy to."""
    return [iam.allow("OnboardProjects", "lambda:InvokeFunction", on=list(function_arns))] if function_arns else []
