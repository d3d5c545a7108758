"""A pipeline that is promoted in an account of the local AWS, with the roles and by the template of production.

What passes here was allowed by the emulator's reading of IAM; AWS's own is not proven.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_platform.pipeline import remote
from mlops_platform.pipeline.expressions import VERSION, Json
from mlops_platform.pipeline.remote import ExecutionError
from mlops_platform.project import aws
from mlops_platform.promotion import PromotionError
from mlops_platform.promotion.promote import Promotion
from mlops_platform.promotion.schedule import Schedule
from mlops_platform.promotion.versions import Pipeline, Proposal
from mlops_platform.release import DeploymentError, release_function
from tests.functions.project_onboarding.platform import has_function, has_roles_of
from tests.products.resolution import published
from tests.rendering import Renderings, letting_in
from tests.sandbox_aws.account import Account, Credentials

STACK = "analytics-prod-p-abcdefghijkl"
NAME = "abalone-p-abcdefghijkl"
ROLE = f"arn:aws:iam::333333333333:role/{STACK}"
PARAMETERS = {
    "Unit": "analytics",
    "Environment": "prod",
    "SageMakerProjectName": "abalone",
    "SageMakerProjectId": "p-abcdefghijkl",
    "RepositoryName": f"mlops-{NAME}-pipeline-promotion",
    "RepositoryId": "2005",
    "LaunchStackId": "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-x/1",
}
DAILY = "cron(0 3 * * ? *)"


def definition(message: str, *, fails: bool = False) -> Json:
    """A pipeline whose execution succeeds, or fails, without a job."""
    stop = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": message}}
    condition = {"Type": "Equals", "LeftValue": 1, "RightValue": 1 if fails else 2}
    arguments: Json = {"Conditions": [condition], "IfSteps": [stop], "ElseSteps": []}
    return {
        "Version": VERSION,
        "Parameters": [],
        "Steps": [{"Name": "Check", "Type": "Condition", "Arguments": arguments}],
    }


@dataclass
class Promoted:
    """The account in which the stack of the project was made."""

    prod: Account
    said: list[str] = field(default_factory=list[str])

    def wait(self, found: Callable[[], Any], *, seconds: float = 20) -> Any:
        """Wait until something is there, and return it."""
        ends = time.monotonic() + seconds
        while not (there := found()):
            assert time.monotonic() < ends
            time.sleep(0.05)
        return there

    def as_role(self, purpose: str) -> Credentials:
        """Return credentials of a role of the project: the account's root stands in for GitHub and for services."""
        iam, name = self.prod.client("iam"), f"{STACK}-{purpose}"
        before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        root = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Action": "sts:AssumeRole"}
        opened = {**before, "Statement": [*before["Statement"], root]}
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(opened))
        credentials = self.prod.assume(f"arn:aws:iam::333333333333:role/{name}")
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))
        return credentials

    def promote(self, workflow: Credentials, message: str, *, expression: str = DAILY, fails: bool = False) -> None:
        """Promote a definition as the workflow does."""
        pipeline = self.pipeline(workflow)
        schedule = Schedule(
            pipeline_name=NAME,
            group=STACK,
            role_arn=f"{ROLE}-schedule",
            dead_letters_arn=f"arn:aws:sqs:eu-west-1:333333333333:{STACK}-dead-letters",
            scheduler=self.prod.client("scheduler", workflow),
            say=self.said.append,
        )
        promotion = Promotion(
            pipeline=pipeline,
            follow=lambda arn: remote.wait(
                pipeline.sagemaker, arn, deadline_seconds=20, on_change=lambda _: None, sleep=lambda _: time.sleep(0.05)
            ),
            converge_schedule=lambda: schedule.converge(expression, "Europe/Dublin"),
        )
        proposal = Proposal(
            definition=definition(message, fails=fails),
            role_arn=f"{ROLE}-pipeline",
            description="A pipeline",
            tags={"sagemaker:project-id": "p-abcdefghijkl"},
            commit="0123456789abcdef",
        )
        promotion.promote(proposal, f"run-{message}")

    def pipeline(self, who: Credentials) -> Pipeline:
        """Return the pipeline, as a role sees it."""
        return Pipeline(name=NAME, sagemaker=self.prod.client("sagemaker", who), say=self.said.append)

    def executions(self) -> list[int]:
        """Return the version of each execution, the first first."""
        sagemaker = self.prod.client("sagemaker")
        listed = sagemaker.list_pipeline_executions(PipelineName=NAME, SortOrder="Ascending")
        return [
            sagemaker.describe_pipeline_execution(PipelineExecutionArn=each["PipelineExecutionArn"])[
                "PipelineVersionId"
            ]
            for each in listed["PipelineExecutionSummaries"]
        ]


@pytest.fixture(scope="module")
def promoted(prod: Account, rendered: Renderings) -> Promoted:
    platform = rendered("prod", letting_in("prod"))
    has_roles_of(prod, "prod", platform, "project-roles", "model-release")
    has_function(prod, platform, "model-release-function")
    ssm, s3 = prod.client("ssm"), prod.client("s3")
    for each in platform.all("ssm/parameter:Parameter"):
        ssm.put_parameter(Name=each.inputs["name"], Value=each.inputs["value"], Type=each.inputs["type"])
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="analytics-prod-access-logs-333333333333-eu-west-1", CreateBucketConfiguration=where)
    cloudformation = prod.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=published(platform, "promoted-pipeline-prod"),
        RoleARN="arn:aws:iam::333333333333:role/analytics-prod-project-roles",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
    )
    made = Promoted(prod)

    def ended() -> str:
        status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        return "" if status.endswith("_IN_PROGRESS") else status

    status = made.wait(ended, seconds=30)
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    assert status == "CREATE_COMPLETE", [each.get("ResourceStatusReason") for each in events]
    return made


def test_a_promotion_and_a_rollback_need_no_more_than_the_workflows_role_has(promoted: Promoted) -> None:
    workflow = promoted.as_role("deployment")
    promoted.promote(workflow, "first")
    promoted.promote(workflow, "second")
    pipeline = promoted.pipeline(workflow)
    assert [(each.number, each.is_live, each.name) for each in pipeline.versions()] == [
        (2, True, "c-0123456789ab"),
        (1, False, "c-0123456789ab"),
    ]
    assert promoted.executions() == [1, 2]

    assert pipeline.converge(1)
    assert pipeline.live_definition() == definition("first")
    assert promoted.executions() == [1, 2], "nothing runs for a rollback"

    promoted.prod.page("clock", "POST", seconds=24 * 3600)
    promoted.wait(lambda: len(promoted.executions()) == 3)
    assert promoted.executions() == [1, 2, 1], "the schedule starts the version that is live"


def test_an_execution_that_fails_is_told_and_its_version_is_not_made_live(promoted: Promoted) -> None:
    workflow, cloudwatch = promoted.as_role("deployment"), promoted.prod.client("cloudwatch")

    def state() -> str:
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[f"{STACK}-failed"])["MetricAlarms"]
        return alarm["StateValue"]

    promoted.wait(lambda: state() == "OK")
    with pytest.raises(ExecutionError, match="Stop: third"):
        promoted.promote(workflow, "third", fails=True)
    promoted.wait(lambda: state() == "ALARM")
    with pytest.raises(PromotionError, match=f"version 3 of {NAME} cannot be made live"):
        promoted.pipeline(workflow).converge(3)
    assert promoted.pipeline(workflow).live_definition() == definition("first")


def test_the_account_says_who_may_release_to_nobody_but_the_workflows_role(
    promoted: Promoted, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = "analytics-prod-model-release"

    def ask(who: Credentials, logins: str, alias: str = NAME) -> None:
        def client(service: str, *_: str, **__: float) -> Any:
            return promoted.prod.client(service, who)

        monkeypatch.setattr(aws, "client", client)
        monkeypatch.setenv(release_function.RELEASED_BY, logins)
        release_function.ask("eu-west-1", function, alias, {"action": "promote"})

    workflow = promoted.as_role("deployment")
    ask(workflow, "hedy")
    for logins in ("former", "hedy,former"):
        with pytest.raises(DeploymentError, match="former let this into prod, which hedy and lise release by now"):
            ask(workflow, logins)
    with pytest.raises(DeploymentError, match="nobody is said to have let this into prod"):
        ask(workflow, "")
    for who, alias in ((workflow, "$LATEST"), (promoted.as_role("preview"), NAME), (promoted.as_role("job"), NAME)):
        with pytest.raises(DeploymentError, match="AccessDenied"):
            ask(who, "hedy", alias)


def test_the_role_of_pull_requests_only_describes(promoted: Promoted) -> None:
    preview = promoted.as_role("preview")
    pipeline = promoted.pipeline(preview)
    assert pipeline.live_definition() is not None
    refused: list[Callable[[], object]] = [
        pipeline.versions,
        lambda: pipeline.sagemaker.start_pipeline_execution(
            PipelineName=NAME, PipelineVersionAlias="live", ClientRequestToken="0" * 32
        ),
        lambda: pipeline.sagemaker.update_pipeline(PipelineName=NAME, PipelineDescription="mine"),
        lambda: promoted.prod.client("scheduler", preview).list_schedules(GroupName=STACK),
    ]
    for request in refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            request()


def test_a_project_that_is_deleted_leaves_its_models_and_data_and_no_schedule(promoted: Promoted) -> None:
    cloudformation = promoted.prod.client("cloudformation")
    cloudformation.delete_stack(StackName=STACK, RoleARN="arn:aws:iam::333333333333:role/analytics-prod-project-roles")

    def ended() -> bool:
        try:
            status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        except ClientError:
            return True
        assert status != "DELETE_FAILED"
        return status == "DELETE_COMPLETE"

    promoted.wait(ended)
    prod = promoted.prod
    assert prod.client("scheduler").get_schedule_group(Name=STACK)["State"] == "DELETING"
    names = [role["RoleName"] for role in prod.client("iam").list_roles(MaxItems=1000)["Roles"]]
    assert not [name for name in names if name.startswith(STACK)]
    prod.client("s3").head_bucket(Bucket=f"{STACK}-333333333333-eu-west-1")
    prod.client("sagemaker").describe_model_package_group(ModelPackageGroupName=NAME)
