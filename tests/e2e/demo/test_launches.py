"""Launches of the other products by the sandbox's command, as a lead launches them in Studio, and what they leave.

The tests run in this order; each continues from the state that the ones before it left.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.demo import projects
from sandbox.demo.launch import Project
from sandbox.demo.projects import LaunchedProject, ProjectAccount
from tests.e2e.projects import ProjectOwners
from tests.e2e.sandbox import ACCOUNTS, ENVIRONMENTS, Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BATCH, PROMOTED = ("scores-of-abalones-of-the-island", "promoted-pipeline-of-the-islands")
"""Names as long as they may be."""
assert len(BATCH) == len(PROMOTED) == 32


@pytest.fixture(scope="module")
def owners(demonstrated: Sandbox) -> ProjectOwners:
    return ProjectOwners(demonstrated)


def everything(owners: ProjectOwners) -> dict[str, Any]:
    """Return the names of all that a launch creates: in the organization, and in each account."""
    found: dict[str, Any] = {
        "repositories": [each["name"] for each in owners.owner.repositories("acme", "acme/mlops-")]
    }
    for environment in ENVIRONMENTS:
        sagemaker, scheduler = owners.root(environment, "sagemaker"), owners.root(environment, "scheduler")
        stacks = owners.root(environment, "cloudformation").describe_stacks()["Stacks"]
        groups = sagemaker.list_model_package_groups(MaxResults=100)["ModelPackageGroupSummaryList"]
        alarms = owners.root(environment, "cloudwatch").describe_alarms()["MetricAlarms"]
        found[environment] = {
            "alarms": sorted(each["AlarmName"] for each in alarms),
            "buckets": [each["Name"] for each in owners.root(environment, "s3").list_buckets()["Buckets"]],
            "model groups": sorted(each["ModelPackageGroupName"] for each in groups),
            "queues": sorted(owners.root(environment, "sqs").list_queues().get("QueueUrls", [])),
            "roles": owners.roles(environment),
            "schedule groups": sorted(each["Name"] for each in scheduler.list_schedule_groups()["ScheduleGroups"]),
            "stacks": sorted(each["StackName"] for each in stacks if not each["StackName"].startswith("SC-")),
        }
    return found


def launched(owners: ProjectOwners, name: str) -> LaunchedProject:
    return next(each for each in projects.read(owners.owner, owners.stacks) if each.name == name)


def account(project: LaunchedProject, environment: str) -> ProjectAccount:
    return next(each for each in project.accounts if each.environment == environment)


def test_the_products_are_listed_with_what_a_launch_fills_in(demonstrated: Sandbox) -> None:
    listed = demonstrated.call("launch")
    assert listed.returncode == 0, listed.stderr
    assert len(re.findall("^MLOps template for ", listed.stdout, re.MULTILINE)) == 3
    assert re.search(r"Inference +realtime or batch \(default: realtime\)", listed.stdout)
    assert "SageMakerProjectName" not in listed.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("feature store", "--name", "new"), "'feature store' is in the title of no product"),
        (
            ("deployment", "--name", "New", "--parameter", "Inference=both"),
            "--name cannot be 'New': it must be 1 to 32",
        ),
    ],
)
def test_a_launch_that_would_be_refused_says_so_before_anything_is_created(
    demonstrated: Sandbox, owners: ProjectOwners, arguments: tuple[str, ...], reason: str
) -> None:
    before = everything(owners)
    refused = demonstrated.call("launch", *arguments)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr
    assert everything(owners) == before


@pytest.fixture
def closed_production(owners: ProjectOwners) -> Iterator[None]:
    """An account of production that lets in no template cloner: the last one that a launch asks."""
    functions: Any = owners.root("prod", "lambda")
    name = "analytics-prod-project-onboarding"
    [statement] = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
    functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
    yield
    functions.add_permission(
        FunctionName=name,
        StatementId=statement["Sid"],
        Action="lambda:InvokeFunction",
        Principal=f"arn:aws:iam::{ACCOUNTS['dev']}:role/analytics-dev-template-cloner",
    )


@pytest.mark.usefixtures("closed_production")
def test_a_launch_that_fails_in_its_last_account_leaves_nothing_in_any(
    demonstrated: Sandbox, owners: ProjectOwners
) -> None:
    before = everything(owners)
    failed = demonstrated.call("launch", "promotion", "--name", PROMOTED)
    assert failed.returncode == 1
    assert "does not let the template cloner in" in failed.stderr
    assert everything(owners) == before


Launches = dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def launches(demonstrated: Sandbox) -> Launches:
    """Both launches, of which each waits most of the time, by the projects' names."""
    with ThreadPoolExecutor() as pool:
        batch = ("deployment", "--name", BATCH, "--parameter", "Inference=batch")
        begun = {
            BATCH: pool.submit(demonstrated.call, "launch", *batch),
            PROMOTED: pool.submit(demonstrated.call, "launch", "promotion", "--name", PROMOTED),
        }
        return {name: each.result() for name, each in begun.items()}


def test_a_name_is_given_once(demonstrated: Sandbox, owners: ProjectOwners, launches: Launches) -> None:
    assert set(launches) >= {BATCH}
    before = everything(owners)
    refused = demonstrated.call("launch", "deployment", "--name", BATCH)
    assert refused.returncode == 1
    assert f"there is a project '{BATCH}' already" in refused.stderr
    assert everything(owners) == before


def test_a_batch_project_is_launched_and_its_first_runs_succeed(
    demonstrated: Sandbox, owners: ProjectOwners, launches: Launches
) -> None:
    done = launches[BATCH]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All green" in done.stdout
    project = launched(owners, BATCH)
    assert [name.removeprefix(f"mlops-{BATCH}-{project.id}-") for name, _ in project.repositories] == [
        "model-deployment-batch",
        "model-training",
    ]
    assert account(project, "dev").models == ("version 1: PendingManualApproval",)
    assert account(project, "dev").pipelines == (f"{BATCH}-{project.id}: succeeded",)
    page = (demonstrated.folder / "index.html").read_text()
    assert all(address in page for _, address in project.repositories)


def test_a_promoted_pipeline_is_launched_proved_in_every_account_and_released_to_production(
    owners: ProjectOwners, launches: Launches
) -> None:
    done = launches[PROMOTED]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Release to production as hedy, release manager" in done.stdout
    project = launched(owners, PROMOTED)
    pipeline = f"{PROMOTED}-{project.id}"
    for environment in ENVIRONMENTS:
        has = account(project, environment)
        assert has.pipelines == (f"{pipeline}: succeeded",)
        assert has.models == ("version 1: PendingManualApproval",)
        assert len(has.serves) == (environment != "dev")


def test_a_promoted_pipeline_that_is_scheduled_stays_and_one_that_is_not_goes_and_leaves_its_records(
    owners: ProjectOwners,
) -> None:
    project = launched(owners, PROMOTED)
    owners.project = Project(name=project.name, id=project.id, created=False)
    assert owners.delete_project()[0] == "DeleteFailed"
    status, reason = owners.update_project(DeletionProtection="off")
    assert status == "TAINTED"
    for environment in ("preprod", "prod"):
        group = f"analytics-{environment}-{project.id}"
        assert f"({environment}) still has the project's schedule {group}/{owners.project.pipeline} (ENABLED)" in reason
        owners.root(environment, "scheduler").delete_schedule(Name=owners.project.pipeline, GroupName=group)
    assert owners.update_project(DeletionProtection="off") == ("AVAILABLE", "")
    assert owners.delete_project() == ("DeleteCompleted", "")
    (repository,) = owners.owner.repositories("acme", owners.project.repositories)
    assert repository["archived"]
    left = everything(owners)
    for environment in ENVIRONMENTS:
        kinds = {kind for kind, names in left[environment].items() if [name for name in names if project.id in name]}
        assert kinds == {"buckets", "model groups"}
