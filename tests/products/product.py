"""A project template as CloudFormation would understand it: functions and references filled in for one launch."""

import functools
import itertools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from products.catalog import PRODUCTS, Platform
from settings.development import Studio
from tests.bootstrap.template import Template
from tests.cloudformation import parse, resolved
from tests.decisions import Request, Values, permits

ACCOUNT = "111111111111"
PROJECT = {
    "SageMakerProjectName": "abalone",
    "SageMakerProjectId": "p-abcdefghijkl",
    "ModelGroupDescription": "Age of abalones",
    "GitUser": "ada",
    "GitReviewers": "grace, mary",
    "DeletionProtection": "on",
    "Inference": "realtime",
    "UpdatedAt": "2026-11-30T17:30:00Z",
}
SUBJECT = "repo:acme@1001/mlops-abalone-p-abcdefghijkl-model-training@2005"
ISSUER = "token.actions.githubusercontent.com"

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/data"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/analytics-dev-boundary"
ANSWERED_WITHIN = "1200"
"""Seconds for which CloudFormation waits for the template cloner's answer to a custom resource."""
CLONER = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:analytics-dev-template-cloner"
MLFLOW_APP = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:mlflow-app/app-abcdefghijkl"
OIDC_PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
PARAMETERS = {
    "encryption/data-key-arn": KEY,
    "network/private-subnet-ids": "subnet-1,subnet-2",
    "network/vpc-id": "vpc-1",
    "network/workload-security-group-id": "sg-1",
    "notifications/alarms-topic-arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:analytics-dev-alarms",
    "projects/template-cloner-arn": CLONER,
}
"""The platform's parameters that a template may read: what only resources know."""

_REFERENCE = re.compile(r"\{\{resolve:ssm:/mlops/([a-z0-9]+)/([a-z0-9]+)/([a-z0-9/-]+)\}\}")


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A template's environment, and the parameters of its launch."""

    unit: str = "analytics"
    environment: str = "dev"
    region: str = "eu-west-1"
    parameters: Mapping[str, str] = field(default_factory=lambda: PROJECT)
    known: Mapping[str, str] = field(default_factory=lambda: PARAMETERS)
    """The platform's parameters."""
    organization: str = "acme"
    mlflow: bool = False
    """Whether the account has an MLflow app."""

    @property
    def platform(self) -> Platform:
        """The platform that publishes the template."""
        prefix = f"{self.unit}-{self.environment}"
        return Platform(
            unit=self.unit,
            environment=self.environment,
            account_id=ACCOUNT,
            region=self.region,
            parameter_path=f"/mlops/{self.unit}/{self.environment}",
            boundary_arn=f"arn:aws:iam::{ACCOUNT}:policy/{prefix}-boundary",
            oidc_issuer=ISSUER,
            oidc_provider_arn=OIDC_PROVIDER,
            deployment_trigger_role_arn=f"arn:aws:iam::{ACCOUNT}:role/{prefix}-deployment-trigger",
            job_instance_types=Studio.model_fields["job_instance_types"].get_default(call_default_factory=True),
            deployment_accounts={"preprod": "222222222222", "prod": "333333333333"},
            mlflow=self.mlflow,
        )


class Product:
    """A project template, launched."""

    def __init__(self, key: str, launch: Launch | None = None) -> None:
        self._launch = launch or Launch()
        self._kind = "pipeline-promotion" if key == "pipeline-promotion" else "model-training"
        product = next(each for each in PRODUCTS if each.key == key)
        self.text = product.template(self._launch.platform).text
        self.template = parse(self.text)
        self.references: set[str] = set()
        self.resources = self._resolved("Resources")
        self.outputs = self._resolved("Outputs")

    def properties(self, logical_id: str) -> dict[str, Any]:
        """The properties of a resource."""
        return self.resources[logical_id]["Properties"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of a type, by logical id."""
        return {key: each["Properties"] for key, each in self.resources.items() if each["Type"] == kind}

    def together(self, logical_ids: Iterable[str]) -> list[tuple[str, str]]:
        """Pairs of resources of which neither waits for the other."""
        return [
            (one, other)
            for one, other in itertools.combinations(sorted(logical_ids), 2)
            if one not in self.needed(other) and other not in self.needed(one)
        ]

    def documents(self, role: str) -> list[dict[str, Any]]:
        """The inline policy documents of a role."""
        return [policy["PolicyDocument"] for policy in self.properties(role)["Policies"]]

    def trust(self, role: str) -> dict[str, Any]:
        """The trust policy of a role."""
        document = self.properties(role)["AssumeRolePolicyDocument"]
        return json.loads(document) if isinstance(document, str) else document

    def may(self, role: str, action: str, resource: str, context: Mapping[str, Values] | None = None) -> bool:
        """Whether the role's own policies, within its boundary, let it do this."""
        statements = [statement for document in self.documents(role) for statement in document["Statement"]]
        request = self._request(role, action, resource, context or {})
        return permits({"Statement": statements}, request) and permits(self._boundary, request)

    def within_boundary(self, role: str, action: str, resource: str, context: Mapping[str, Values]) -> bool:
        """Whether the role's boundary lets it do this, if a policy does."""
        return permits(self._boundary, self._request(role, action, resource, context))

    def _request(self, role: str, action: str, resource: str, context: Mapping[str, Values]) -> Request:
        principal = f"arn:aws:iam::{ACCOUNT}:role/{self.properties(role)['RoleName']}"
        return Request(principal=principal, action=action, resource=resource, keys=context)

    @functools.cached_property
    def _boundary(self) -> Mapping[str, Any]:
        names = {"Unit": self._launch.unit, "Environment": self._launch.environment, "AWS::AccountId": ACCOUNT}
        return Template(Parts="development", **names).properties("WorkloadBoundary")["PolicyDocument"]

    def needed(self, logical_id: str) -> set[str]:
        """The resources that exist before this one."""
        resource = self.template["Resources"][logical_id]
        text = json.dumps(resource)
        named = set(re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"', text)) | set(re.findall(r"\$\{(\w+)[.}]", text))
        waits = resource.get("DependsOn", [])
        direct = (named | set([waits] if isinstance(waits, str) else waits)) & set(self.resources)
        return direct.union(*(self.needed(each) for each in direct))

    def _resolved(self, section: str) -> dict[str, dict[str, Any]]:
        return resolved(self.template[section], self._named, {}, lambda text: _REFERENCE.sub(self._parameter, text))

    def _parameter(self, match: re.Match[str]) -> str:
        assert (match[1], match[2]) == (self._launch.unit, self._launch.environment)
        self.references.add(match[3])
        return self._launch.known[match[3]]

    def _named(self, name: str) -> str:
        launch = self._launch
        prefix, project_id = f"{launch.unit}-{launch.environment}", launch.parameters["SageMakerProjectId"]
        bucket = f"{prefix}-{project_id}-{ACCOUNT}-{launch.region}"
        beginning = f"mlops-{launch.parameters['SageMakerProjectName']}-{project_id}"
        repository = f"{beginning}-{self._kind}"
        deployment = f"{beginning}-model-deployment-{launch.parameters['Inference']}"
        known = {
            **launch.parameters,
            "ArtifactBucket": bucket,
            "ArtifactBucket.Arn": f"arn:aws:s3:::{bucket}",
            "CodeRepository.CodeRepositoryName": "code-repository",
            "DeploymentCodeRepository.CodeRepositoryName": "deployment-code-repository",
            "DeploymentRepository.CloneUrl": f"https://github.com/{launch.organization}/{deployment}.git",
            "DeploymentRepository.FullName": f"{launch.organization}/{deployment}",
            "DeploymentRepository.Id": "2006",
            "DeploymentRepository.Name": deployment,
            "DeploymentRepository.Url": f"https://github.com/{launch.organization}/{deployment}",
            "PreprodDeploymentRoles.DeploymentRoleArn": "preprod-deployment-role",
            "ProdDeploymentRoles.DeploymentRoleArn": "prod-deployment-role",
            "DeadLetters.Arn": f"arn:aws:sqs:{launch.region}:{ACCOUNT}:{prefix}-{project_id}-dead-letters",
            "DeadLetters.QueueName": f"{prefix}-{project_id}-dead-letters",
            "JobRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{project_id}-job",
            "PipelineRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{project_id}-pipeline",
            "PreviewRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{project_id}-preview",
            "Repository.CloneUrl": f"https://github.com/{launch.organization}/{repository}.git",
            "Repository.FullName": f"{launch.organization}/{repository}",
            "Repository.Id": "2005",
            "Repository.Name": repository,
            "ScheduleGroup": f"{prefix}-{project_id}",
            "ScheduleRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{project_id}-schedule",
            "Repository.SubjectPrefix": f"repo:{launch.organization}@1001/{repository}@2005",
            "Repository.Url": f"https://github.com/{launch.organization}/{repository}",
            "TrialJobRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{project_id}-trial-job",
            "TrialStepsRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{project_id}-trial-steps",
            "TrialRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{project_id}-trial",
            "WorkflowRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{project_id}-workflow",
        }
        return known[name]


@functools.cache
def launched(key: str) -> Product:
    """The product as it is launched by default; only to be read."""
    return Product(key)


def texts(value: str | list[str]) -> list[str]:
    """A value that JSON policies write alone when there is one."""
    return [value] if isinstance(value, str) else value
