"""A promoted pipeline in production: what runs there, and who says so."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.access.authorization import PolicyStatement, problems, statements
from tests.access.project_roles import examples, keys_of
from tests.bootstrap.template import Template
from tests.cloudformation import findings
from tests.decisions import Request, Values, denials, permits
from tests.products.product import launched
from tests.products.resolution import published, publishing, resolution
from tests.rendering import Renderings

ISSUER = "token.actions.githubusercontent.com"
NUMBER = "333333333333"
PREFIX = "analytics-prod-p-abcdefghijkl"
BUCKET = f"arn:aws:s3:::{PREFIX}-{NUMBER}-eu-west-1"
FROM_DEVELOPMENT = "arn:aws:s3:::analytics-dev-p-abcdefghijkl-111111111111-eu-west-1"
PIPELINE = f"arn:aws:sagemaker:eu-west-1:{NUMBER}:pipeline/abalone-p-abcdefghijkl"
GROUP = f"arn:aws:sagemaker:eu-west-1:{NUMBER}:model-package-group/abalone-p-abcdefghijkl"
RELEASE = f"arn:aws:lambda:eu-west-1:{NUMBER}:function:analytics-prod-model-release"
ALIAS = f"{RELEASE}:abalone-p-abcdefghijkl"
REPOSITORY = "mlops-abalone-p-abcdefghijkl-pipeline-promotion"
SUBJECT = f"repo:acme@1001/{REPOSITORY}@2005"
ROLES = ("DeploymentRole", "JobRole", "PipelineRole", "PreviewRole", "ScheduleRole")
KNOWN = {
    "SageMakerProjectName": "abalone",
    "SageMakerProjectId": "p-abcdefghijkl",
    "RepositoryName": REPOSITORY,
    "RepositoryId": "2005",
    "Unit": "analytics",
    "Environment": "prod",
    "LaunchStackId": "stack",
    "ArtifactBucket": BUCKET.rpartition(":")[2],
    "ArtifactBucket.Arn": BUCKET,
    "DeadLetters.Arn": f"arn:aws:sqs:eu-west-1:{NUMBER}:{PREFIX}-dead-letters",
    "DeadLetters.QueueName": f"{PREFIX}-dead-letters",
    "DeploymentRole.Arn": f"arn:aws:iam::{NUMBER}:role/{PREFIX}-deployment",
    "JobRole.Arn": f"arn:aws:iam::{NUMBER}:role/{PREFIX}-job",
    "PipelineRole.Arn": f"arn:aws:iam::{NUMBER}:role/{PREFIX}-pipeline",
    "ReleaseAlias": ALIAS,
    "ScheduleGroup": PREFIX,
    "ScheduleRole.Arn": f"arn:aws:iam::{NUMBER}:role/{PREFIX}-schedule",
}


class Promoted:
    """The resources that production's template makes for one project."""

    def __init__(self, rendered: Renderings) -> None:
        rendering = publishing(rendered, "promoted-pipeline-prod")
        self.text = published(rendering, "promoted-pipeline-prod")
        filled = json.dumps(resolution(self.text, rendering)["Resources"])
        for name, value in KNOWN.items():
            filled = filled.replace(f"${{{name}}}", value)
        self.resources: Mapping[str, Any] = json.loads(filled)
        boundary = Template(Unit="analytics", Environment="prod", Parts="workload", **{"AWS::AccountId": NUMBER})
        self._boundary = boundary.properties("WorkloadBoundary")["PolicyDocument"]

    def properties(self, logical_id: str) -> Mapping[str, Any]:
        """The properties of a resource."""
        return self.resources[logical_id]["Properties"]

    def documents(self, role: str) -> list[Mapping[str, Any]]:
        """A role's policies."""
        return [policy["PolicyDocument"] for policy in self.properties(role)["Policies"]]

    def statements(self, role: str) -> list[PolicyStatement]:
        """The statements of a role's policies."""
        return [each for document in self.documents(role) for each in statements(json.dumps(document))]

    def may(self, role: str, action: str, resource: str, keys: Mapping[str, Values] | None = None) -> bool:
        """Whether a role may do something, by its own policies within its boundary."""
        request = self._request(role, action, resource, keys or {})
        statements = [each for document in self.documents(role) for each in document["Statement"]]
        return permits({"Statement": statements}, request) and permits(self._boundary, request)

    def within_boundary(self, role: str, action: str, resource: str, keys: Mapping[str, Values]) -> bool:
        """Whether a role's boundary lets it do something, if a policy does."""
        return permits(self._boundary, self._request(role, action, resource, keys))

    def _request(self, role: str, action: str, resource: str, keys: Mapping[str, Values]) -> Request:
        arn = f"arn:aws:iam::{NUMBER}:role/{self.properties(role)['RoleName']}"
        return Request(principal=arn, action=action, resource=resource, keys=keys)


@pytest.fixture(scope="module")
def promoted(rendered: Renderings) -> Promoted:
    return Promoted(rendered)


def test_the_published_template_has_no_findings(promoted: Promoted, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(promoted.text)

    assert findings(tmp_path / "template.yaml", informational=True) == []


def test_every_action_exists_and_works_on_its_resources(promoted: Promoted) -> None:
    found = [problem for role in ROLES for each in promoted.statements(role) for problem in problems(each)]

    assert found == []


def test_every_role_has_the_accounts_boundary(promoted: Promoted) -> None:
    roles = {key: each["Properties"] for key, each in promoted.resources.items() if each["Type"] == "AWS::IAM::Role"}

    assert set(roles) == set(ROLES)
    assert {role["PermissionsBoundary"] for role in roles.values()} == {
        f"arn:aws:iam::{NUMBER}:policy/analytics-prod-boundary"
    }


@pytest.mark.parametrize("role", ROLES)
def test_the_boundary_allows_every_action_that_a_role_is_granted(promoted: Promoted, role: str) -> None:
    for statement in promoted.statements(role):
        if statement.effect == "Allow":
            for action, resource in examples(statement):
                permitted = promoted.within_boundary(role, action, resource, keys_of(statement))
                assert permitted, (statement.sid, action, resource)


def test_the_same_resources_exist_in_every_account(promoted: Promoted) -> None:
    def kinds(resources: Mapping[str, Any]) -> dict[str, str]:
        return {
            key.replace("Workflow", "Deployment"): each["Type"]
            for key, each in resources.items()
            if not each["Type"].startswith("Custom::") and key != "CodeRepository"
        }

    # Dev releases nothing into itself.
    own = {name: kind for name, kind in kinds(promoted.resources).items() if name != "ReleaseAlias"}
    assert own == kinds(launched("pipeline-promotion").resources)


def test_a_promotion_asks_the_account_who_may_release_by_one_name_and_no_other(promoted: Promoted) -> None:
    alias = promoted.properties("ReleaseAlias")
    assert f"{RELEASE}:{alias['Name']}" == ALIAS
    assert (alias["FunctionName"], alias["FunctionVersion"]) == ("analytics-prod-model-release", "$LATEST")
    assert promoted.may("DeploymentRole", "lambda:InvokeFunction", ALIAS)
    for name in (RELEASE, f"{RELEASE}:$LATEST", f"{RELEASE}:churn-p-mnopqrstuvwx", f"{ALIAS}-x"):
        assert not promoted.may("DeploymentRole", "lambda:InvokeFunction", name), name
    for role in set(ROLES) - {"DeploymentRole"}:
        assert not promoted.may(role, "lambda:InvokeFunction", ALIAS), role


def test_only_jobs_of_productions_environment_promote(promoted: Promoted) -> None:
    [trusted] = promoted.properties("DeploymentRole")["AssumeRolePolicyDocument"]["Statement"]

    assert trusted["Principal"] == {"Federated": f"arn:aws:iam::{NUMBER}:oidc-provider/{ISSUER}"}
    assert trusted["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": f"{SUBJECT}:environment:prod",
            f"{ISSUER}:repository_id": "2005",
            f"{ISSUER}:environment": "prod",
            f"{ISSUER}:ref": "refs/heads/main",
        },
        "StringEqualsIfExists": {f"{ISSUER}:repository_owner_id": "1001"},
    }


def test_pull_requests_of_the_repository_describe_and_do_nothing_else(promoted: Promoted) -> None:
    [trusted] = promoted.properties("PreviewRole")["AssumeRolePolicyDocument"]["Statement"]

    assert trusted["Condition"]["StringEquals"] == {
        f"{ISSUER}:aud": "sts.amazonaws.com",
        f"{ISSUER}:sub": f"{SUBJECT}:pull_request",
        f"{ISSUER}:repository_id": "2005",
    }
    actions = {action for each in promoted.statements("PreviewRole") for action in each.actions}
    assert actions == {"sagemaker:DescribePipeline", "ssm:GetParameter"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
def test_no_role_of_production_reaches_a_bucket_of_development(promoted: Promoted, role: str, action: str) -> None:
    for resource in (FROM_DEVELOPMENT, f"{FROM_DEVELOPMENT}/data/rows.csv", f"{FROM_DEVELOPMENT}/executions/x"):
        assert not promoted.may(role, action, resource)


@pytest.mark.parametrize("role", ["WorkflowRole", "JobRole", "PipelineRole", "PreviewRole", "ScheduleRole"])
def test_no_role_of_development_reaches_productions_data(role: str) -> None:
    development = launched("pipeline-promotion")

    for path in ("incoming/rows.csv", "executions/abcdefghijkl/train/train.csv", "data/0123/abalone.csv"):
        for action in ("s3:GetObject", "s3:PutObject"):
            assert not development.may(role, action, f"{BUCKET}/{path}")
    for resource in (GROUP, PIPELINE):
        for action in ("sagemaker:DescribeModelPackage", "sagemaker:DescribePipeline", "sagemaker:UpdatePipeline"):
            assert not development.may(role, action, resource)


def test_productions_bucket_lets_no_other_account_in(promoted: Promoted) -> None:
    found = promoted.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"]

    assert {each["Effect"] for each in found} == {"Deny"}
    assert "ModelPackageGroupPolicy" not in promoted.properties("ModelPackageGroup")


def test_workflows_read_no_rows_of_production(promoted: Promoted) -> None:
    for path in ("incoming/rows.csv", "executions/x/train/train.csv", "executions/x/evaluation/predictions.csv"):
        for role in ("DeploymentRole", "PreviewRole", "ScheduleRole"):
            assert not promoted.may(role, "s3:GetObject", f"{BUCKET}/{path}")
    assert promoted.may("DeploymentRole", "s3:GetObject", f"{BUCKET}/executions/x/evaluation/evaluation.json")


@pytest.mark.parametrize(
    ("status", "permitted"), [("PendingManualApproval", True), ("Approved", True), ("Rejected", False)]
)
def test_the_pipeline_registers_as_the_repositorys_setting_says_and_approves_nothing_later(
    promoted: Promoted, status: str, permitted: bool
) -> None:
    keys = {"sagemaker:ModelApprovalStatus": status}

    assert promoted.may("PipelineRole", "sagemaker:CreateModelPackage", GROUP, keys) is permitted
    for role in ROLES:
        assert not promoted.may(role, "sagemaker:UpdateModelPackage", GROUP, keys)
    for role in set(ROLES) - {"PipelineRole"}:
        assert not promoted.may(role, "sagemaker:CreateModelPackage", GROUP, keys)


def test_only_the_workflow_writes_code_and_nobody_replaces_it(promoted: Promoted) -> None:
    policy = promoted.properties("ArtifactBucketPolicy")["PolicyDocument"]

    def denied(role: str, keys: Mapping[str, Values]) -> bool:
        principal = f"arn:aws:iam::{NUMBER}:role/{PREFIX}-{role}"
        keys = {"aws:SecureTransport": "true", "aws:PrincipalArn": principal, **keys}
        request = Request(
            principal=principal, action="s3:PutObject", resource=f"{BUCKET}/code/0123/train.py", keys=keys
        )
        return bool(denials(policy, request))

    created = {"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"}
    assert not denied("deployment", created)
    assert denied("deployment", {"s3:ObjectCreationOperation": "true"})
    assert denied("job", created)
    assert denied("pipeline", created)


def test_nothing_but_the_workflow_changes_the_pipeline_or_its_schedule(promoted: Promoted) -> None:
    schedule = f"arn:aws:scheduler:eu-west-1:{NUMBER}:schedule/{PREFIX}/live"
    changes = {
        **{f"sagemaker:{action}": PIPELINE for action in ("UpdatePipeline", "UpdatePipelineVersion")},
        **{f"scheduler:{action}": schedule for action in ("CreateSchedule", "UpdateSchedule", "DeleteSchedule")},
    }
    others = (PIPELINE.replace("abalone", "churn"), schedule.replace("p-abcdefghijkl", "p-mnopqrstuvwx"))
    for action, resource in changes.items():
        assert [role for role in ROLES if promoted.may(role, action, resource)] == ["DeploymentRole"], action
        assert not [role for role in ROLES for other in others if promoted.may(role, action, other)], action


@pytest.mark.parametrize(("job", "kind"), [("ProcessingJob", "processing-job"), ("TrainingJob", "training-job")])
def test_the_jobs_of_a_promoted_pipeline_are_isolated(promoted: Promoted, job: str, kind: str) -> None:
    [workload] = [
        each
        for statement in promoted.statements("PipelineRole")
        if statement.sid == "DenyJobsInAnotherNetwork"
        for each in statement.condition["ForAnyValue:StringNotEquals"].values()
    ]
    own: dict[str, Values] = {
        "aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl",
        "sagemaker:InstanceTypes": ["ml.m5.large"],
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:VpcSubnets": ["subnet-1"],
        "sagemaker:VpcSecurityGroupIds": workload,
    }
    resource = f"arn:aws:sagemaker:eu-west-1:{NUMBER}:{kind}/pipelines-abc-Train-xyz"

    def may(keys: Mapping[str, Values]) -> bool:
        return promoted.may("PipelineRole", f"sagemaker:Create{job}", resource, keys)

    assert may(own)
    for key in own:
        assert not may({name: value for name, value in own.items() if name != key}), key
    for key, value in {
        "sagemaker:InstanceTypes": ["ml.p5.48xlarge"],
        "sagemaker:NetworkIsolation": "false",
        "sagemaker:VpcSecurityGroupIds": ["sg-another"],
        **({"sagemaker:FileSystemId": ["fs-1"]} if job == "TrainingJob" else {}),
    }.items():
        assert not may({**own, key: value}), key
