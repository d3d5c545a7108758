"""The roles of a project in an account that it deploys to, as the template that a stack publishes would make them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.access.authorization import PolicyStatement, problems, statements
from tests.bootstrap.template import Template
from tests.cloudformation import parse, resolved
from tests.decisions import Request, Values, allowances, denials, permits

ISSUER = "token.actions.githubusercontent.com"
REPOSITORY = "mlops-abalone-p-abcdefghijkl-model-deployment-realtime"
SUBJECT = f"repo:acme@1001/{REPOSITORY}@2006"


@dataclass(frozen=True, kw_only=True)
class ProjectRoles:
    """The resources that the template creates for one project, with references and functions resolved."""

    text: str
    """The template."""
    unit: str = "analytics"
    environment: str = "prod"
    account_id: str = "333333333333"
    region: str = "eu-west-1"
    project: Mapping[str, str] = field(
        default_factory=lambda: {"ProjectName": "abalone", "ProjectId": "p-abcdefghijkl"}
    )

    @property
    def prefix(self) -> str:
        """Beginning of the names of all that the project deploys."""
        return f"{self.unit}-{self.environment}-{self.project['ProjectId']}"

    def role_arn(self, purpose: str) -> str:
        """ARN of one of the project's roles."""
        return f"arn:aws:iam::{self.account_id}:role/{self.prefix}-{purpose}"

    @property
    def alias(self) -> str:
        """ARN of the project's alias of the release function."""
        function = f"function:{self.unit}-{self.environment}-model-release"
        group = f"{self.project['ProjectName']}-{self.project['ProjectId']}"
        return f"arn:aws:lambda:{self.region}:{self.account_id}:{function}:{group}"

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The template as it is read."""
        return parse(self.text)

    @property
    def roles(self) -> list[str]:
        """The logical ids of the roles."""
        return [name for name, each in self.template["Resources"].items() if each["Type"] == "AWS::IAM::Role"]

    def properties(self, role: str) -> Mapping[str, Any]:
        """The properties of a role, or of another resource, by its logical id."""
        return self._resources[role]["Properties"]

    @cached_property
    def _resources(self) -> Mapping[str, Any]:
        return resolved(self.template["Resources"], self._named, {})

    def trust(self, role: str) -> Mapping[str, Any]:
        """The only statement of who may assume a role."""
        document = self.properties(role)["AssumeRolePolicyDocument"]
        [statement] = (json.loads(document) if isinstance(document, str) else document)["Statement"]
        return statement

    def documents(self, role: str) -> list[Mapping[str, Any]]:
        """A role's policies."""
        return [policy["PolicyDocument"] for policy in self.properties(role)["Policies"]]

    def statements(self, role: str) -> list[PolicyStatement]:
        """The statements of a role's policies."""
        return [each for document in self.documents(role) for each in statements(json.dumps(document))]

    def may(self, role: str, action: str, resource: str, keys: Mapping[str, Values] | None = None) -> bool:
        """Whether a role may do something, by its own policies within its boundary."""
        arn = f"arn:aws:iam::{self.account_id}:role/{self.properties(role)['RoleName']}"
        request = Request(principal=arn, action=action, resource=resource, keys=keys or {})
        policies = self.documents(role)
        allowed = any(allowances(policy, request) for policy in policies)
        return allowed and not any(denials(policy, request) for policy in policies) and permits(self._boundary, request)

    @cached_property
    def _boundary(self) -> Mapping[str, Any]:
        names = {"Unit": self.unit, "Environment": self.environment, "AWS::AccountId": self.account_id}
        template = Template(Parts="workload", **names)
        return template.properties("WorkloadBoundary")["PolicyDocument"]

    def _named(self, name: str) -> str:
        purposes = ("batch", "model", "schedule", "watch", "watch-job")
        roles = {f"{purpose.title().replace('-', '')}Role.Arn": self.role_arn(purpose) for purpose in purposes}
        known = {
            **self.project,
            **roles,
            "Environment": self.environment,
            "LaunchStackId": "stack",
            "ReleaseAlias": self.alias,
            "RepositoryId": "2006",
            "RepositoryName": REPOSITORY,
            "Unit": self.unit,
        }
        return known[name]


def examples(statement: PolicyStatement) -> Iterator[tuple[str, str]]:
    """Each action with the resources of the statement that it works on."""
    for action in statement.actions:
        for resource in statement.resources:
            single = PolicyStatement(
                sid=statement.sid, effect="Allow", actions=(action,), resources=(resource,), condition={}
            )
            if not list(problems(single)) or resource == "*":
                yield action, resource.replace("*", "x")


def keys_of(statement: PolicyStatement) -> dict[str, str]:
    """Keys of a request under which the conditions of a statement hold."""
    return {
        key: (operand if isinstance(operand, str) else operand[0]).replace("*", "x")
        for operands in statement.condition.values()
        for key, operand in operands.items()
    }
