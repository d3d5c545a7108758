"""What the template cloner may do."""

from collections.abc import Mapping

from components import iam
from components.environment import Environment


def follow_launches(environment: Environment, records_path: str) -> list[iam.Statement]:
    """Remember each launch, and see why a stack is being deleted: a launch that failed leaves nothing."""
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
            on=environment.arn("cloudformation", f"stack/SC-{environment.account_id}-pp-*"),
        ),
    ]


def onboard_projects(unit: str, accounts: Mapping[str, str]) -> list[iam.Statement]:
    """Become, in exactly the accounts that projects deploy to, the role that gives them their roles there."""
    roles = [f"arn:aws:iam::{account}:role/{unit}-{name}-project-onboarding" for name, account in accounts.items()]
    return [iam.allow("OnboardProjects", "sts:AssumeRole", on=roles)] if roles else []
