"""The CloudFormation stack of a project's roles, in an account that the project deploys to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.template_cloner.account_requests import AccountRequests
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.resources import DeploymentRoles

_MISSING = re.compile(r"does not exist", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class RolesStack:
    """The stack of a project's roles."""

    status: str
    reason: str
    """Reason for the status, if CloudFormation says one."""
    launch: str
    """Id of the stack that it was made for."""
    outputs: Mapping[str, str]


class RolesStacks:
    """Stacks of roles in the account of one environment."""

    def __init__(self, roles: DeploymentRoles, requests: AccountRequests, client: Callable[[str], Any]) -> None:
        self._roles = roles
        self._requests = requests
        self._cloudformation = client("cloudformation")
        self._ssm = client("ssm")

    def stack(self, name: str) -> RolesStack | None:
        """Return the stack; None when there is none."""
        try:
            [found] = self._requests.send(lambda: self._cloudformation.describe_stacks(StackName=name)["Stacks"])
        except ClientError as error:
            if aws_clients.code(error) == "ValidationError" and _MISSING.search(str(error)):
                return None
            raise
        parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
        failed = found["StackStatus"].endswith(("FAILED", "ROLLBACK_COMPLETE"))
        return RolesStack(
            status=found["StackStatus"],
            reason=self._failure(name) if failed else "",
            launch=parameters.get("LaunchStackId", ""),
            outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        )

    def create_stack(self, roles: DeploymentRoles, launch: str) -> None:
        """Begin to create the roles; nothing happens when another request was faster."""
        arguments = self._arguments(roles, launch)
        self._requests.send_unless("AlreadyExistsException", lambda: self._cloudformation.create_stack(**arguments))

    def update_stack(self, roles: DeploymentRoles, launch: str) -> Literal["started", "unchanged", "busy"]:
        """Begin to update the roles to the published template.

        Raises:
            LaunchError: CloudFormation refuses the update.
        """
        arguments = self._arguments(roles, launch)
        try:
            self._requests.send(lambda: self._cloudformation.update_stack(**arguments))
        except ClientError as error:
            if aws_clients.code(error) != "ValidationError":
                raise
            if "No updates are to be performed" in str(error):
                return "unchanged"
            if "_IN_PROGRESS" in str(error):
                return "busy"
            raise LaunchError(f"CloudFormation does not change stack {roles.name}: {error}") from None
        return "started"

    def delete_stack(self, name: str) -> None:
        """Begin to delete the roles; nothing happens when they are gone."""
        role = self._provided("projects/roles-stack-role-arn")
        self._requests.send(lambda: self._cloudformation.delete_stack(StackName=name, RoleARN=role))

    def _arguments(self, roles: DeploymentRoles, launch: str) -> Mapping[str, Any]:
        parameters = {
            "Unit": roles.unit,
            "Environment": roles.environment,
            "ProjectName": roles.project_name,
            "ProjectId": roles.project_id,
            "RepositorySubject": roles.repository_subject,
            "LaunchStackId": launch,
        }
        return {
            "StackName": roles.name,
            "TemplateURL": self._provided("projects/roles-template-url"),
            "RoleARN": self._provided("projects/roles-stack-role-arn"),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        }

    def _provided(self, name: str) -> str:
        """Return a value that the platform's stack in the account publishes."""
        roles = self._roles
        path = f"/mlops/{roles.unit}/{roles.environment}/{name}"
        value = self._requests.send(lambda: aws_clients.parameter(self._ssm, path))
        if value is None:
            raise LaunchError(f"account {roles.account_id} has no parameter {path}: {roles.deploy_advice}")
        return value

    def _failure(self, name: str) -> str:
        """Return the first failure of the stack's last operation: the others follow from it."""
        events = self._requests.send(lambda: self._cloudformation.describe_stack_events(StackName=name)["StackEvents"])
        failures = [each for each in events if each.get("ResourceStatus", "").endswith("_FAILED")]
        if not failures:
            return "CloudFormation gives no reason"
        first = failures[-1]
        return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
