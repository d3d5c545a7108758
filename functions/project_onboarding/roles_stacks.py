"""The CloudFormation stack of a project's roles."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from functions.project_onboarding.account_requests import send_unless
from functions.project_onboarding.errors import RefusedError
from functions.project_onboarding.request import PROMOTION, Project, Repository
from functions.project_onboarding.settings import Settings
from functions.shared import aws_clients

_MISSING = re.compile(r"does not exist", re.IGNORECASE)
_EARLIER_SUBJECT = re.compile(r"repo:[^/]+/(?P<name>[^@/]+)(@(?P<id>[0-9]+))?")
"""The parameter `RepositorySubject` of stacks that were made before the function made them."""


@dataclass(frozen=True, kw_only=True)
class RolesStack:
    """The stack of a project's roles."""

    status: str
    reason: str
    """Reason for the status, if CloudFormation says one."""
    launch: str
    """Id of the stack that it was made for."""
    repository: Repository
    """Repository whose jobs the roles trust."""
    outputs: Mapping[str, str]


class RolesStacks:
    """Stacks of roles in this account."""

    def __init__(self, settings: Settings, cloudformation: Any) -> None:
        self._settings = settings
        self._cloudformation = cloudformation

    def stack(self, name: str) -> RolesStack | None:
        """Return the stack; None when there is none."""
        try:
            [found] = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
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
            repository=_repository(parameters),
            outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        )

    def create_stack(self, name: str, project: Project, repository: Repository, launch: str) -> None:
        """Begin to create the roles; nothing happens when another request was faster."""
        arguments = self._arguments(name, project, repository, launch)
        send_unless("AlreadyExistsException", lambda: self._cloudformation.create_stack(**arguments))

    def update_stack(
        self, name: str, project: Project, repository: Repository, launch: str
    ) -> Literal["started", "unchanged", "busy"]:
        """Begin to update the roles to the published template.

        Raises:
            RefusedError: CloudFormation refuses the update.
        """
        try:
            self._cloudformation.update_stack(**self._arguments(name, project, repository, launch))
        except ClientError as error:
            if aws_clients.code(error) != "ValidationError":
                raise
            if "No updates are to be performed" in str(error):
                return "unchanged"
            if "_IN_PROGRESS" in str(error):
                return "busy"
            raise RefusedError(f"CloudFormation does not change stack {name}: {error}") from None
        return "started"

    def delete_stack(self, name: str) -> None:
        """Begin to delete the roles; nothing happens when they are gone."""
        self._cloudformation.delete_stack(StackName=name, RoleARN=self._settings.stack_role_arn)

    def _arguments(self, name: str, project: Project, repository: Repository, launch: str) -> Mapping[str, Any]:
        settings = self._settings
        # A promoted pipeline has the template of a launch, with the parameters that SageMaker gives one.
        names = "SageMakerProject" if repository.kind == PROMOTION else "Project"
        parameters = {
            "Unit": settings.unit,
            "Environment": settings.environment,
            f"{names}Name": project.name,
            f"{names}Id": project.id,
            "RepositoryName": repository.name,
            "RepositoryId": repository.id,
            "LaunchStackId": launch,
        }
        return {
            "StackName": name,
            "TemplateURL": settings.template_urls[repository.kind],
            "RoleARN": settings.stack_role_arn,
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        }

    def _failure(self, name: str) -> str:
        """Return the first failure of the stack's last operation: the others follow from it."""
        events = self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failures = [each for each in events if each.get("ResourceStatus", "").endswith("_FAILED")]
        if not failures:
            return "CloudFormation gives no reason"
        first = failures[-1]
        return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"


def _repository(parameters: Mapping[str, str]) -> Repository:
    if "RepositoryName" in parameters:
        return Repository(name=parameters["RepositoryName"], id=parameters["RepositoryId"])
    earlier = _EARLIER_SUBJECT.fullmatch(parameters.get("RepositorySubject", ""))
    return Repository(name=earlier["name"], id=earlier["id"] or "") if earlier else Repository(name="", id="")
