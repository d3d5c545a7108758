"""An account that a project deploys to.

Everything in it is done as the account's own onboarding role, which is allowed to do no more than these modules do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.account_requests import AccountRequests
from functions.template_cloner.deployments import Deployments
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.protocols import ProjectDeployments, ProjectRoles
from functions.template_cloner.resources import DeploymentRoles
from functions.template_cloner.roles_stacks import RolesStacks

_SESSION_SECONDS = 900
"""The shortest that AWS allows; the function runs for five minutes at most."""


@dataclass(frozen=True, kw_only=True)
class WorkloadAccount:
    """The roles and deployments of projects in one account."""

    roles: ProjectRoles
    deployments: ProjectDeployments


def enter_account(roles: DeploymentRoles, onboarding_role_arn: str, deadline: Deadline) -> WorkloadAccount:
    """Assume the account's onboarding role.

    Raises:
        LaunchError: the role does not exist, or does not trust the template cloner.
    """
    client = _clients_of_role(roles, onboarding_role_arn)
    requests = AccountRequests(roles.account_id, deadline)
    return WorkloadAccount(roles=RolesStacks(roles, requests, client), deployments=Deployments(requests, client))


def _clients_of_role(roles: DeploymentRoles, role_arn: str) -> Callable[[str], Any]:
    try:
        session = aws_clients.client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName=roles.project_id, DurationSeconds=_SESSION_SECONDS
        )["Credentials"]
    except ClientError as error:
        if aws_clients.code(error) == "AccessDenied":
            raise LaunchError(f"{role_arn} does not let the template cloner in: {roles.deploy_advice}") from None
        raise

    def client(service: str) -> Any:
        return aws_clients.client(
            service,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )

    return client
