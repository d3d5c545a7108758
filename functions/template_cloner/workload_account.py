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
from functions.template_cloner.releases import Release, Releases
from functions.template_cloner.resources import DeploymentRoles, deploy_advice
from functions.template_cloner.roles_stacks import RolesStacks

_SESSION_SECONDS = 900
"""The shortest that AWS allows; the function runs for five minutes at most."""


@dataclass(frozen=True, kw_only=True)
class WorkloadAccount:
    """The roles and deployments of projects in one account."""

    roles: ProjectRoles
    deployments: ProjectDeployments


def read_release(unit: str, environment: str, onboarding_role_arn: str, deadline: Deadline) -> Release:
    """Return who releases into the account of an environment.

    Raises:
        LaunchError: the account does not say, or does not let the template cloner in.
    """
    account_id = onboarding_role_arn.split(":")[4]
    client = _clients_of_role(onboarding_role_arn, "release", deploy_advice(unit, environment))
    return Releases(f"/mlops/{unit}/{environment}", AccountRequests(account_id, deadline), client).release()


def enter_account(roles: DeploymentRoles, onboarding_role_arn: str, deadline: Deadline) -> WorkloadAccount:
    """Assume the account's onboarding role.

    Raises:
        LaunchError: the role does not exist, or does not trust the template cloner.
    """
    client = _clients_of_role(onboarding_role_arn, roles.project_id, roles.deploy_advice)
    requests = AccountRequests(roles.account_id, deadline)
    return WorkloadAccount(roles=RolesStacks(roles, requests, client), deployments=Deployments(requests, client))


def _clients_of_role(role_arn: str, session: str, advice: str) -> Callable[[str], Any]:
    try:
        credentials = aws_clients.client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName=session, DurationSeconds=_SESSION_SECONDS
        )["Credentials"]
    except ClientError as error:
        if aws_clients.code(error) == "AccessDenied":
            raise LaunchError(f"{role_arn} does not let the template cloner in: {advice}") from None
        raise

    def client(service: str) -> Any:
        return aws_clients.client(
            service,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    return client
