"""An account that a project deploys to: the stack of its roles there, and what its deployments made.

Everything is done as the account's own role for this, which may do no more than these methods.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.event import DeploymentRoles

Answer = TypeVar("Answer")

_SESSION_SECONDS = 900
"""The shortest that AWS gives; the function lives for five minutes."""
_TOO_MANY = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException")
_LIMIT_SECONDS = 5.0
_GONE = re.compile(r"could not find|does not exist|not found", re.IGNORECASE)
_MOST_ALARMS = 100
"""That one request deletes. Source: CloudWatch API Reference, "DeleteAlarms"."""


@dataclass(frozen=True, kw_only=True)
class RolesStack:
    """The stack of a project's roles."""

    status: str
    reason: str
    """Why it is in this state, if CloudFormation says."""
    launch: str
    """Id of the stack that it was made for."""
    outputs: Mapping[str, str]


class WorkloadAccount:
    """The account of one environment, until a deadline."""

    def __init__(self, roles: DeploymentRoles, deadline: Deadline, client: Callable[[str], Any] | None = None) -> None:
        self._roles = roles
        self._deadline = deadline
        client = client or _as_onboarding(roles)
        self._cloudformation = client("cloudformation")
        self._ssm = client("ssm")
        self._sagemaker = client("sagemaker")
        self._scaling = client("application-autoscaling")
        self._cloudwatch = client("cloudwatch")

    def stack(self, name: str) -> RolesStack | None:
        """The stack; None when there is none."""
        try:
            [found] = self._ask(lambda: self._cloudformation.describe_stacks(StackName=name)["Stacks"])
        except ClientError as error:
            if aws_clients.code(error) == "ValidationError" and _GONE.search(str(error)):
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
        """Begin to make the roles; nothing happens when another request was faster."""
        try:
            self._ask(lambda: self._cloudformation.create_stack(**self._asked_for(roles, launch)))
        except ClientError as error:
            if aws_clients.code(error) != "AlreadyExistsException":
                raise

    def update_stack(self, roles: DeploymentRoles, launch: str) -> Literal["started", "unchanged", "busy"]:
        """Begin to bring the roles to what the template says now."""
        try:
            self._ask(lambda: self._cloudformation.update_stack(**self._asked_for(roles, launch)))
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
        self._ask(lambda: self._cloudformation.delete_stack(StackName=name, RoleARN=role))

    def endpoints(self, prefix: str) -> Mapping[str, str]:
        """The states of the project's endpoints, by their names."""
        found = self._all(self._sagemaker, "list_endpoints", "Endpoints", NameContains=prefix)
        return {each["EndpointName"]: each["EndpointStatus"] for each in found if _owns(prefix, each["EndpointName"])}

    def delete_endpoint(self, name: str) -> None:
        """Begin to delete the endpoint; nothing happens when it is gone, or busy again."""
        self._unless("ValidationException", lambda: self._sagemaker.delete_endpoint(EndpointName=name))

    def delete_what_served(self, prefix: str) -> None:
        """Delete what the project's endpoints consisted of, how they were scaled and how they were watched."""
        configurations = self._names("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", prefix)
        for name in configurations:
            self._gone(lambda name=name: self._sagemaker.delete_endpoint_config(EndpointConfigName=name))
        for name in self._names("list_models", "Models", "ModelName", prefix):
            self._gone(lambda name=name: self._sagemaker.delete_model(ModelName=name))
        self._stop_scaling(prefix)
        self._stop_watching(prefix)

    def _stop_scaling(self, prefix: str) -> None:
        targets = self._all(self._scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="sagemaker")
        for target in targets:
            # endpoint/NAME/variant/VARIANT
            if _owns(prefix, target["ResourceId"].split("/")[1]):
                which = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
                self._unless(
                    "ObjectNotFoundException",
                    lambda which=which: self._scaling.deregister_scalable_target(**which),
                )

    def _stop_watching(self, prefix: str) -> None:
        found = self._all(self._cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
        alarms = [each["AlarmName"] for each in found if _owns(prefix, each["AlarmName"])]
        for start in range(0, len(alarms), _MOST_ALARMS):
            some = alarms[start : start + _MOST_ALARMS]
            self._unless("ResourceNotFound", lambda some=some: self._cloudwatch.delete_alarms(AlarmNames=some))
        found = self._all(self._cloudwatch, "list_dashboards", "DashboardEntries", DashboardNamePrefix=prefix)
        for name in [each["DashboardName"] for each in found if _owns(prefix, each["DashboardName"])]:
            self._unless(
                "ResourceNotFound", lambda name=name: self._cloudwatch.delete_dashboards(DashboardNames=[name])
            )

    def _asked_for(self, roles: DeploymentRoles, launch: str) -> Mapping[str, object]:
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
        """What the platform's stack of the account provides."""
        roles = self._roles
        path = f"/mlops/{roles.unit}/{roles.environment}/{name}"
        value = self._ask(lambda: aws_clients.parameter(self._ssm, path))
        if value is None:
            raise LaunchError(f"account {roles.account_id} has no parameter {path}: {_deploy(roles)}")
        return value

    def _failure(self, name: str) -> str:
        """The first thing that went wrong with the stack lately: the rest follows from it."""
        events = self._ask(lambda: self._cloudformation.describe_stack_events(StackName=name)["StackEvents"])
        failures = [each for each in events if each.get("ResourceStatus", "").endswith("_FAILED")]
        if not failures:
            return "CloudFormation gives no reason"
        first = failures[-1]
        return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"

    def _names(self, operation: str, key: str, name: str, prefix: str) -> list[str]:
        found = self._all(self._sagemaker, operation, key, NameContains=prefix)
        return [each[name] for each in found if _owns(prefix, each[name])]

    def _all(self, client: Any, operation: str, key: str, **arguments: str) -> list[dict[str, Any]]:
        def pages() -> Iterator[dict[str, Any]]:
            for page in client.get_paginator(operation).paginate(**arguments):
                yield from cast("list[dict[str, Any]]", page[key])

        return self._ask(lambda: list(pages()))

    def _gone(self, delete: Callable[[], object]) -> None:
        try:
            self._ask(delete)
        except ClientError as error:
            if not _GONE.search(str(error)):
                raise

    def _unless(self, code: str, delete: Callable[[], object]) -> None:
        try:
            self._ask(delete)
        except ClientError as error:
            if aws_clients.code(error) != code:
                raise

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        """Ask until AWS has time: an account takes only so many requests of all its launches together."""
        while True:
            try:
                return request()
            except ClientError as error:
                if aws_clients.code(error) not in _TOO_MANY:
                    raise
            self._deadline.pause(_LIMIT_SECONDS, waiting_for=f"account {self._roles.account_id} (Rate exceeded)")


def _owns(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}-")


def _deploy(roles: DeploymentRoles) -> str:
    return f"deploy the platform's stack of {roles.unit}-{roles.environment} there, then try again"


def _as_onboarding(roles: DeploymentRoles) -> Callable[[str], Any]:
    """Clients of the account's role for this."""
    role = f"arn:aws:iam::{roles.account_id}:role/{roles.unit}-{roles.environment}-project-onboarding"
    try:
        session = aws_clients.client("sts").assume_role(
            RoleArn=role, RoleSessionName=roles.project_id, DurationSeconds=_SESSION_SECONDS
        )["Credentials"]
    except ClientError as error:
        if aws_clients.code(error) == "AccessDenied":
            raise LaunchError(f"{role} does not let the template cloner in: {_deploy(roles)}") from None
        raise

    def client(service: str) -> Any:
        return aws_clients.client(
            service,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )

    return client
