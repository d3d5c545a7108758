"""The roles of a project whose models score batches: each does its part, and none reaches another project."""

import pytest

from tests.access.project_roles import ProjectRoles
from tests.products.resolution import published
from tests.rendering import Renderings

OWN = "analytics-prod-p-abcdefghijkl"
OTHER = "analytics-prod-p-mnopqrstuvwx"
ARN = "arn:aws:{}:eu-west-1:333333333333:{}"
ARTIFACTS = "arn:aws:s3:::analytics-prod-artifacts-333333333333-eu-west-1"
DATA_KEY = ARN.format("kms", "key/encryption-data-key")
THROUGH_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
ROLES = ("BatchRole", "DeploymentRole", "ModelRole", "ScheduleRole")
JOB = ARN.format("sagemaker", "processing-job/pipelines-abc-Score-123")
TAGGED = {"aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl"}
ONCE = {"s3:if-none-match": "*"}
ISOLATED = {
    "sagemaker:InstanceTypes": "ml.m5.large",
    "sagemaker:NetworkIsolation": "true",
    "sagemaker:VpcSecurityGroupIds": "sg-network-workload",
}


def without(keys: dict[str, str], key: str) -> dict[str, str]:
    """Return keys of a request but for one."""
    return {name: value for name, value in keys.items() if name != key}


@pytest.fixture(scope="module")
def batch(rendered: Renderings) -> ProjectRoles:
    return ProjectRoles(text=published(rendered("prod"), "project-roles-batch"))


@pytest.fixture(scope="module")
def realtime(rendered: Renderings) -> ProjectRoles:
    return ProjectRoles(text=published(rendered("prod"), "project-roles-realtime"))


def test_only_what_is_chosen_is_created(batch: ProjectRoles, realtime: ProjectRoles) -> None:
    assert sorted(batch.roles) == sorted(ROLES)
    assert sorted(realtime.roles) == ["DeploymentRole", "ModelRole", "ScheduleRole", "WatchJobRole", "WatchRole"]
    for roles, absent in (
        (batch, ("application-autoscaling", "CreateEndpoint", "InvokeEndpoint")),
        # Nobody who deploys an endpoint starts a run by hand, or reads what jobs wrote.
        (realtime, ("DescribePipelineExecution", "ListPipelineExecution")),
    ):
        actions = [action for role in roles.roles for each in roles.statements(role) for action in each.actions]
        assert [action for action in actions if any(word in action for word in absent)] == []
    resources = [
        each for role in realtime.roles for statement in realtime.statements(role) for each in statement.resources
    ]
    assert [each for each in resources if "batch" in each] == []


def test_a_schedule_of_the_projects_own_group_alone_starts_the_batch(batch: ProjectRoles) -> None:
    trust = batch.trust("ScheduleRole")

    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "333333333333"},
        "ArnEquals": {"aws:SourceArn": ARN.format("scheduler", f"schedule-group/{OWN}-batch")},
    }


def test_a_schedule_starts_the_projects_pipeline_keeps_its_dead_letters_and_does_nothing_else(
    batch: ProjectRoles,
) -> None:
    actions = {action for each in batch.statements("ScheduleRole") for action in each.actions}
    assert actions == {"sagemaker:StartPipelineExecution", "sqs:SendMessage"}
    for name, expected in ((f"{OWN}-batch", True), (f"{OWN}-watch", False), (f"{OTHER}-batch", False)):
        pipeline = ARN.format("sagemaker", f"pipeline/{name}")
        assert batch.may("ScheduleRole", "sagemaker:StartPipelineExecution", pipeline) is expected
        assert batch.may("ScheduleRole", "sqs:SendMessage", ARN.format("sqs", f"{name}-dead-letters")) is expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (TAGGED | ISOLATED, True),
        (ISOLATED, False),
        ({"aws:RequestTag/sagemaker:project-id": "p-mnopqrstuvwx"} | ISOLATED, False),
        (TAGGED | ISOLATED | {"sagemaker:NetworkIsolation": "false"}, False),
        (TAGGED | without(ISOLATED, "sagemaker:NetworkIsolation"), False),
        (TAGGED | without(ISOLATED, "sagemaker:VpcSecurityGroupIds"), False),
        (TAGGED | ISOLATED | {"sagemaker:VpcSecurityGroupIds": "sg-another"}, False),
    ],
    ids=["isolated", "untagged", "another project's", "open", "silent", "outside of the network", "another network"],
)
def test_jobs_are_the_projects_own_isolated_and_in_the_accounts_network(
    batch: ProjectRoles, keys: dict[str, str], expected: bool
) -> None:
    assert batch.may("BatchRole", "sagemaker:CreateProcessingJob", JOB, keys) is expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"sagemaker:InstanceTypes": "ml.r5.2xlarge"}, True),
        ({"sagemaker:InstanceTypes": "ml.p5.48xlarge"}, False),
        ({}, False),
    ],
)
def test_jobs_run_on_the_instances_that_the_account_allows(
    batch: ProjectRoles, keys: dict[str, str], expected: bool
) -> None:
    asked = TAGGED | without(ISOLATED, "sagemaker:InstanceTypes") | keys
    assert batch.may("BatchRole", "sagemaker:CreateProcessingJob", JOB, asked) is expected


def test_jobs_of_another_project_are_neither_seen_nor_stopped(batch: ProjectRoles) -> None:
    for project, expected in (("p-abcdefghijkl", True), ("p-mnopqrstuvwx", False)):
        for action in ("sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"):
            assert batch.may("BatchRole", action, JOB, {"aws:ResourceTag/sagemaker:project-id": project}) is expected
        tagging = {"sagemaker:TaggingAction": "CreateProcessingJob", "aws:RequestTag/sagemaker:project-id": project}
        assert batch.may("BatchRole", "sagemaker:AddTags", JOB, tagging) is expected


@pytest.mark.parametrize(
    ("role", "passed", "service", "expected"),
    [
        ("DeploymentRole", "batch", "sagemaker", True),
        ("DeploymentRole", "schedule", "scheduler", True),
        ("DeploymentRole", "schedule", "sagemaker", False),
        ("DeploymentRole", "batch", "scheduler", False),
        ("DeploymentRole", "model", "sagemaker", False),
        ("DeploymentRole", "deployment", "sagemaker", False),
        ("BatchRole", "model", "sagemaker", True),
        ("BatchRole", "model", "lambda", False),
        ("BatchRole", "batch", "sagemaker", False),
        ("BatchRole", "deployment", "sagemaker", False),
        ("ModelRole", "model", "sagemaker", False),
        ("ScheduleRole", "batch", "sagemaker", False),
    ],
)
def test_each_role_is_passed_by_one_other_to_one_service(
    batch: ProjectRoles, role: str, passed: str, service: str, expected: bool
) -> None:
    keys = {"iam:PassedToService": f"{service}.amazonaws.com"}
    assert batch.may(role, "iam:PassRole", batch.role_arn(passed), keys) is expected
    another = batch.role_arn(passed).replace(OWN, OTHER)
    assert not batch.may(role, "iam:PassRole", another, keys)


def test_a_deployment_changes_the_projects_batch_and_no_other(batch: ProjectRoles) -> None:
    for own, expected in ((OWN, True), (OTHER, False), ("analytics-prod", False)):
        for action, arn in {
            "sagemaker:CreatePipeline": ARN.format("sagemaker", f"pipeline/{own}-batch"),
            "sagemaker:UpdatePipeline": ARN.format("sagemaker", f"pipeline/{own}-batch"),
            "sagemaker:StartPipelineExecution": ARN.format("sagemaker", f"pipeline/{own}-batch"),
            "sagemaker:DescribePipelineExecution": ARN.format("sagemaker", f"pipeline/{own}-batch/execution/abc"),
            "scheduler:CreateSchedule": ARN.format("scheduler", f"schedule/{own}-batch/{own}-batch"),
            "scheduler:CreateScheduleGroup": ARN.format("scheduler", f"schedule-group/{own}-batch"),
            "scheduler:DeleteScheduleGroup": ARN.format("scheduler", f"schedule-group/{own}-batch"),
            "sqs:CreateQueue": ARN.format("sqs", f"{own}-batch-dead-letters"),
            "sagemaker:DescribeModel": ARN.format("sagemaker", f"model/{own}-approved-v3-1a2b3c4d"),
        }.items():
            assert batch.may("DeploymentRole", action, arn) is expected, (action, arn)
    assert not batch.may("DeploymentRole", "scheduler:CreateSchedule", ARN.format("scheduler", "schedule/default/x"))
    assert not batch.may("DeploymentRole", "sqs:ReceiveMessage", ARN.format("sqs", f"{OWN}-batch-dead-letters"))


@pytest.mark.parametrize("role", ROLES)
def test_no_role_makes_models_jobs_of_its_own_or_endpoints(batch: ProjectRoles, role: str) -> None:
    for action, arn in {
        "sagemaker:CreateModel": f"model/{OWN}-approved-v3-1a2b3c4d",
        "sagemaker:CreateEndpoint": f"endpoint/{OWN}",
        "sagemaker:CreateTransformJob": f"transform-job/{OWN}",
        "sagemaker:CreateProcessingJob": f"processing-job/{OWN}",
    }.items():
        assert not batch.may(role, action, ARN.format("sagemaker", arn), TAGGED | ISOLATED), action


def test_a_deployments_alarms_tell_people_and_do_nothing_else(batch: ProjectRoles) -> None:
    alarm = ARN.format("cloudwatch", f"alarm:{OWN}-batch-drift")
    for action, expected in {
        ARN.format("sns", "analytics-prod-alarms"): True,
        ARN.format("autoscaling", "scalingPolicy:1:resource/sagemaker/endpoint/x"): False,
        ARN.format("lambda", "function:analytics-prod-x"): False,
    }.items():
        keys = {"cloudwatch:AlarmActions": action}
        assert batch.may("DeploymentRole", "cloudwatch:PutMetricAlarm", alarm, keys) is expected, action


BATCH = f"{ARTIFACTS}/p-abcdefghijkl/batch"
THEIRS = f"{ARTIFACTS}/p-mnopqrstuvwx/batch"


@pytest.mark.parametrize(
    ("role", "writes"),
    [
        ("DeploymentRole", ["code/0/run.py"]),
        ("ModelRole", ["output/results/0/x", "output/runs/1/manifest.json", "test/runs/1/manifest.json"]),
        ("BatchRole", []),
        ("ScheduleRole", []),
    ],
)
def test_code_input_and_results_have_writers_of_their_own(batch: ProjectRoles, role: str, writes: list[str]) -> None:
    places = ["input/daily/1/x.csv", "code/0/run.py", "output/results/0/x", "output/runs/1/manifest.json"]
    for place in (*places, "test/runs/1/manifest.json"):
        assert batch.may(role, "s3:PutObject", f"{BATCH}/{place}", ONCE) is (place in writes), place
        assert not batch.may(role, "s3:PutObject", f"{THEIRS}/{place}", ONCE), place
        assert not batch.may(role, "s3:DeleteObject", f"{BATCH}/{place}"), place
    assert not batch.may(role, "s3:PutObject", f"{ARTIFACTS}/approved/p-abcdefghijkl/3/model.tar.gz", ONCE)


def test_code_is_added_and_never_replaced(batch: ProjectRoles) -> None:
    assert not batch.may("DeploymentRole", "s3:PutObject", f"{BATCH}/code/0/run.py")
    assert not batch.may("DeploymentRole", "s3:PutObject", f"{BATCH}/code/0/run.py", {"s3:if-none-match": "1"})


def test_a_deployment_reads_counts_and_no_rows(batch: ProjectRoles) -> None:
    for place, expected in {
        "code/0/run.py": True,
        "output/runs/1/manifest.json": True,
        "test/results/0/predictions/rows.csv.csv": True,
        "output/results/0/predictions/x.csv": False,
        "output/results/0/quarantine/x.jsonl": False,
        "input/daily/1/x.csv": False,
    }.items():
        assert batch.may("DeploymentRole", "s3:GetObject", f"{BATCH}/{place}") is expected, place
        assert not batch.may("DeploymentRole", "s3:GetObject", f"{THEIRS}/{place}"), place
    for prefix, expected in {
        "p-abcdefghijkl/batch/input/daily/": True,
        "p-mnopqrstuvwx/batch/": False,
        "": False,
    }.items():
        assert batch.may("DeploymentRole", "s3:ListBucket", ARTIFACTS, {"s3:prefix": prefix}) is expected
    assert not batch.may("DeploymentRole", "s3:GetObject", f"{ARTIFACTS}/approved/p-abcdefghijkl/3/model.tar.gz")


def test_a_job_reads_its_own_projects_model_rows_and_code(batch: ProjectRoles) -> None:
    for place in ("batch/input/daily/1/x.csv", "batch/code/0/run.py"):
        assert batch.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/p-abcdefghijkl/{place}")
        assert not batch.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/p-mnopqrstuvwx/{place}")
    assert batch.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/approved/p-abcdefghijkl/3/model.tar.gz")
    assert not batch.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/approved/p-mnopqrstuvwx/3/model.tar.gz")


def test_the_data_key_is_used_through_services_only(batch: ProjectRoles) -> None:
    for role in ("BatchRole", "DeploymentRole", "ModelRole"):
        assert batch.may(role, "kms:GenerateDataKey", DATA_KEY, THROUGH_S3)
        assert not batch.may(role, "kms:GenerateDataKey", DATA_KEY)
    assert not batch.may("ScheduleRole", "kms:GenerateDataKey", DATA_KEY, THROUGH_S3)
