"""Onboarding on the local AWS, where the policies of both accounts decide, and what the template cloner cannot do there.

What passes here was allowed by the emulator's reading of IAM; AWS's own is not proven.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.onboarding import OnboardingFunction
from functions.template_cloner.resources import DeploymentRoles
from functions.template_cloner.roles_provisioner import RolesProvisioner
from tests.functions.project_onboarding.fake_account import (
    ARNS,
    FUNCTION,
    KEPT,
    LAUNCH,
    NAME,
    PROMOTED,
    REPOSITORY,
    SETTINGS,
)
from tests.functions.project_onboarding.platform import has_function, has_roles_of
from tests.functions.project_onboarding.test_request import EVENT
from tests.functions.template_cloner.fake_function import ROLES
from tests.functions.template_cloner.fakes import MemoryStacks
from tests.rendering import Renderings, letting_in
from tests.sandbox_aws.account import Account, Credentials, allow
from tests.sandbox_aws.hosting import Hosting
from tests.sandbox_aws.test_aws_functions import ECHO
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_aws.test_aws_permissions import refusal

CLONER = "arn:aws:iam::111111111111:role/analytics-dev-template-cloner"
OUTPUTS = {**ARNS, "LaunchStackId": LAUNCH, "RepositoryId": "2006"}


@dataclass(frozen=True, kw_only=True)
class World:
    """Both accounts, and the template cloner's own credentials."""

    dev: Account
    prod: Account
    cloner: Credentials

    def provisioner(self, roles: DeploymentRoles = ROLES, launch: str = LAUNCH) -> RolesProvisioner:
        """Return a provisioner that acts under the template cloner's role."""
        return RolesProvisioner(
            roles=roles,
            account=OnboardingFunction(roles, FUNCTION, launch, self.dev.client("lambda", self.cloner)),
            stacks=MemoryStacks(),
            deadline=Deadline(at=time.monotonic() + 60),
            stack_id=launch,
        )

    def ask(self, **changes: object) -> Mapping[str, Any]:
        """Send any request to the function, as the template cloner."""
        functions = self.dev.client("lambda", self.cloner)
        answer = functions.invoke(FunctionName=FUNCTION, Payload=json.dumps({**EVENT, **changes}).encode())
        return json.loads(answer["Payload"].read())

    def roles(self) -> list[str]:
        """Return the names of the project's roles."""
        found = self.prod.client("iam").list_roles(MaxItems=1000)["Roles"]
        return sorted(role["RoleName"] for role in found if role["RoleName"].startswith(NAME))

    def subject(self) -> str:
        """Return the subject that the project's deployment role trusts."""
        role = self.prod.client("iam").get_role(RoleName=f"{NAME}-deployment")["Role"]
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        return statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]


@pytest.fixture(scope="module")
def world(dev: Account, prod: Account, rendered: Renderings) -> World:
    has_roles_of(dev, "dev", rendered("dev"), "template-cloner", "project-launch")
    platform = rendered("prod", letting_in("prod"))
    has_roles_of(prod, "prod", platform, "project-onboarding", "project-roles")
    s3 = prod.client("s3")
    where = {"LocationConstraint": "eu-west-1"}
    templates = [each.inputs for each in platform.all("BucketObjectv2")]
    s3.create_bucket(Bucket=templates[0]["bucket"], CreateBucketConfiguration=where)
    for published in templates:
        s3.put_object(Bucket=published["bucket"], Key=published["key"], Body=published["content"].encode())
    # The account's stack makes it; a project's stack names it.
    create_function(prod, "analytics-prod-model-release", "handler.handler", ECHO)
    has_function(prod, platform, "workload-project-onboarding-function")
    return World(dev=dev, prod=prod, cloner=_as_lambda(dev, "analytics-dev-template-cloner"))


def _as_lambda(account: Account, role: str) -> Credentials:
    """Return credentials of a function's role: the account's root stands in for Lambda."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account.number}:root"},
        "Action": "sts:AssumeRole",
    }
    iam = account.client("iam")
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    opened = {**before, "Statement": [*before["Statement"], trust]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(opened))
    credentials = account.assume(f"arn:aws:iam::{account.number}:role/{role}")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))
    return credentials


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.template_cloner.roles_provisioner._RETRY_SECONDS", 0.1)


@pytest.fixture
def onboarded(world: World) -> Iterator[World]:
    world.provisioner().provision()
    yield world
    world.provisioner().remove()


def aliases(prod: Account) -> list[str]:
    found = prod.client("lambda").list_aliases(FunctionName="analytics-prod-model-release")["Aliases"]
    return [alias["Name"] for alias in found]


def test_a_project_gets_its_roles_and_loses_them_with_all_that_its_endpoints_left(world: World) -> None:
    prod = world.prod
    assert world.provisioner().provision() == OUTPUTS
    assert world.provisioner().provision() == OUTPUTS
    purposes = ("deployment", "model", "schedule", "watch", "watch-job")
    assert world.roles() == [f"{NAME}-{purpose}" for purpose in purposes]
    assert aliases(prod) == [f"{ROLES.project_name}-{ROLES.project_id}"]
    assert world.subject() == f"repo:acme@1001/{REPOSITORY.name}@2006:environment:prod"
    boundary = prod.client("iam").get_role(RoleName=f"{NAME}-model")["Role"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"] == "arn:aws:iam::333333333333:policy/analytics-prod-boundary"

    with Hosting.prepare(prod, "cloner-models") as hosting:
        # It fails, for its image is development's alone, and is there all the same.
        hosting.endpoint(NAME, hosting.configuration(f"{NAME}-v1", hosting.model(f"{NAME}-v1")))
        _watch(prod)
        for attempt in (world.provisioner().require_retired, world.provisioner().remove):
            with pytest.raises(LaunchError, match=f"still has the project's endpoint {NAME} .*: retire it first"):
                attempt()
        assert len(hosting.sagemaker.list_models(NameContains=NAME)["Models"]) == 1
        assert len(world.roles()) == len(purposes)

        hosting.sagemaker.delete_endpoint(EndpointName=NAME)
        world.provisioner().require_retired()
        world.provisioner().remove()
        world.provisioner().remove()

        assert hosting.sagemaker.list_endpoint_configs(NameContains=NAME)["EndpointConfigs"] == []
        assert hosting.sagemaker.list_models(NameContains=NAME)["Models"] == []
    cloudwatch: Any = prod.client("cloudwatch")
    assert cloudwatch.describe_alarms(AlarmNamePrefix=NAME)["MetricAlarms"] == []
    assert cloudwatch.list_dashboards(DashboardNamePrefix=NAME)["DashboardEntries"] == []
    assert world.roles() == aliases(prod) == []


PROMOTION = replace(ROLES, repository_name=PROMOTED.name)


def kept(prod: Account) -> list[str]:
    """Return the buckets of projects, and the groups of models."""
    buckets = [each["Name"] for each in prod.client("s3").list_buckets()["Buckets"]]
    groups = prod.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    return [*(name for name in buckets if name.startswith(NAME)), *(each["ModelPackageGroupName"] for each in groups)]


def has_what_promoted_pipelines_need(prod: Account) -> None:
    """Make what the account's stack has, as far as the template of a promoted pipeline names it."""
    where = {"LocationConstraint": "eu-west-1"}
    logs = "analytics-prod-access-logs-333333333333-eu-west-1"
    prod.client("s3").create_bucket(Bucket=logs, CreateBucketConfiguration=where)
    key = prod.client("kms").create_key()["KeyMetadata"]["Arn"]
    named = {
        "encryption/data-key-arn": key,
        "network/vpc-id": "vpc-0123456789abcdef0",
        "network/workload-security-group-id": "sg-0123456789abcdef0",
        "notifications/alarms-topic-arn": prod.client("sns").create_topic(Name="alarms")["TopicArn"],
    }
    for name, value in named.items():
        prod.client("ssm").put_parameter(Name=f"/mlops/analytics/prod/{name}", Value=value, Type="String")


def test_a_promoted_pipeline_goes_when_nothing_starts_it_and_leaves_what_it_wrote(world: World) -> None:
    prod = world.prod
    scheduler: Any = prod.client("scheduler")
    has_what_promoted_pipelines_need(prod)
    for written in (False, True):
        assert world.provisioner(PROMOTION).provision()["DeploymentRoleArn"] == ARNS["DeploymentRoleArn"]
        assert world.provisioner(PROMOTION).update()["DeploymentRoleArn"] == ARNS["DeploymentRoleArn"]
        assert kept(prod) == list(KEPT.values())
        role = f"arn:aws:iam::333333333333:role/{NAME}-schedule"
        scheduler.create_schedule(
            Name=KEPT["ModelPackageGroupName"],
            GroupName=NAME,
            ScheduleExpression="rate(7 days)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
                "RoleArn": role,
                "Input": json.dumps({"PipelineName": KEPT["ModelPackageGroupName"], "ClientRequestToken": "t" * 32}),
            },
        )
        for attempt in (world.provisioner(PROMOTION).require_retired, world.provisioner(PROMOTION).remove):
            with pytest.raises(LaunchError, match=r"still has the project's schedule .* \(ENABLED\): set schedule"):
                attempt()
        scheduler.delete_schedule(Name=KEPT["ModelPackageGroupName"], GroupName=NAME)
        if written:
            bucket = {"Bucket": KEPT["ArtifactBucketName"], "Key": "incoming/rows.csv"}
            prod.client("s3").put_object(**bucket, Body=b"rows")
        world.provisioner(PROMOTION).require_retired()
        world.provisioner(PROMOTION).remove()
        world.provisioner(PROMOTION).remove()
        assert kept(prod) == ([KEPT["ArtifactBucketName"]] if written else [])
        assert world.roles() == []
        _wait_until_gone(scheduler, NAME)


def _wait_until_gone(scheduler: Any, group: str) -> None:
    """Wait for the end of a group of schedules, which takes its time after it was deleted."""
    patience = time.monotonic() + 20
    while group in [each["Name"] for each in scheduler.list_schedule_groups()["ScheduleGroups"]]:
        assert time.monotonic() < patience, f"{group} is still there"
        time.sleep(0.1)


def _watch(prod: Account) -> None:
    cloudwatch: Any = prod.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=f"{NAME}-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody=json.dumps({"widgets": []}))


@pytest.mark.parametrize(
    "changes",
    [
        {"repository_name": f"evil/{REPOSITORY.name}"},
        {"repository_name": f"{REPOSITORY.name}@2006:environment:prod"},
        {"repository_name": "mlops-churn-p-mnopqrstuvwx-model-deployment-realtime"},
        {"repository_id": "6666"},
        {"launch": LAUNCH.replace("pp-x", "pp-y")},
    ],
    ids=str,
)
def test_the_template_cloner_gives_a_project_to_no_other_repository(
    onboarded: World, changes: Mapping[str, str]
) -> None:
    trusted = onboarded.subject()

    assert onboarded.ask(**changes)["state"] == "refused"
    assert onboarded.subject() == trusted


@pytest.mark.parametrize("key", ["organization", "github_organization", "repository_subject", "issuer"])
def test_the_template_cloner_names_no_organization(onboarded: World, key: str) -> None:
    onboarded.ask(**{key: "evil", "begun": True})

    assert onboarded.subject().startswith("repo:acme@1001/")


def test_the_template_cloner_becomes_no_role_and_makes_no_stack_in_the_account(onboarded: World) -> None:
    dev, cloner = onboarded.dev, onboarded.cloner
    sts, stacks = dev.client("sts", cloner), dev.client("cloudformation", cloner)
    for role in ("project-onboarding", "project-roles", "deploy", "p-abcdefghijkl-deployment"):
        arn = f"arn:aws:iam::333333333333:role/analytics-prod-{role}"
        assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="attack")[0] == "AccessDenied", role
    there = f"arn:aws:cloudformation:eu-west-1:333333333333:stack/{NAME}/1"
    request = {"TemplateURL": SETTINGS.template_urls["model-deployment-realtime"], "RoleARN": SETTINGS.stack_role_arn}
    for call in (stacks.create_stack, stacks.update_stack):
        for name in (NAME, there):
            assert refusal(call, StackName=name, **request)[0] == "AccessDenied"
    assert refusal(stacks.delete_stack, StackName=there)[0] == "AccessDenied"


def test_no_other_role_of_development_is_let_in_whatever_its_policy_says(world: World) -> None:
    dev = world.dev
    everything = allow("*")
    for stranger in (
        dev.assume(dev.role("analytics-dev-stranger", everything)),
        dev.assume(dev.role("analytics-dev-template-cloner-x", everything)),
        _as_lambda(dev, "analytics-dev-project-launch"),
        None,
    ):
        functions = dev.client("lambda", stranger)
        assert refusal(functions.invoke, FunctionName=FUNCTION, Payload=b"{}")[0] == "AccessDeniedException"
        assert refusal(functions.update_function_code, FunctionName=FUNCTION, ZipFile=b"")[0] in (
            "AccessDeniedException",
            "ResourceNotFoundException",
        )


def test_the_function_s_role_makes_stacks_only_by_the_account_s_template(world: World) -> None:
    stacks = world.prod.client("cloudformation", _as_lambda(world.prod, "analytics-prod-project-onboarding"))
    configured = world.prod.client("lambda").get_function_configuration(FunctionName=FUNCTION)["Environment"][
        "Variables"
    ]
    published = json.loads(configured["TEMPLATE_URLS"])["model-deployment-realtime"]
    another = published.replace("project-roles", "attack")
    for changes in ({"TemplateURL": another}, {"RoleARN": "arn:aws:iam::333333333333:role/analytics-prod-deploy"}):
        request: dict[str, Any] = {"RoleARN": SETTINGS.stack_role_arn, "TemplateURL": published, **changes}
        assert refusal(stacks.create_stack, StackName=NAME, **request)[0] == "AccessDenied", changes


@pytest.fixture
def closed(world: World) -> Iterator[Callable[[], RolesProvisioner]]:
    """An account whose function does not let the template cloner in."""
    functions = world.prod.client("lambda")
    [statement] = json.loads(functions.get_policy(FunctionName=FUNCTION)["Policy"])["Statement"]
    functions.remove_permission(FunctionName=FUNCTION, StatementId=statement["Sid"])
    yield world.provisioner
    functions.add_permission(
        FunctionName=FUNCTION, StatementId=statement["Sid"], Action="lambda:InvokeFunction", Principal=CLONER
    )


def test_an_account_that_does_not_let_the_template_cloner_in_says_what_to_do(
    closed: Callable[[], RolesProvisioner],
) -> None:
    with pytest.raises(LaunchError, match="deploy the platform's stack of analytics-prod there, then try again"):
        closed().provision()


def test_an_account_without_the_function_says_what_to_do(world: World) -> None:
    elsewhere = replace(ROLES, environment="preprod", account_id="222222222222")
    function = FUNCTION.replace("333333333333", "222222222222").replace("-prod-", "-preprod-")
    asking = OnboardingFunction(elsewhere, function, LAUNCH, world.dev.client("lambda", world.cloner))

    with pytest.raises(LaunchError, match="deploy the platform's stack of analytics-preprod there, then try again"):
        asking.ask("onboard", begun=False)
