"""The roles of a project that compare the requests to its endpoint with training: each does its part, and none reaches another project."""

import pytest

from tests.access.project_roles import ProjectRoles
from tests.products.resolution import published
from tests.rendering import Renderings

OWN = "analytics-prod-p-abcdefghijkl"
OTHER = "analytics-prod-p-mnopqrstuvwx"
ARN = "arn:aws:{}:eu-west-1:333333333333:{}"
ARTIFACTS = "arn:aws:s3:::analytics-prod-artifacts-333333333333-eu-west-1"
DATA_KEY = ARN.format("kms", "key/encryption-data-key")
ROLES = ("ScheduleRole", "WatchJobRole", "WatchRole")
JOB = ARN.format("sagemaker", "processing-job/pipelines-abc-Watch-123")
TAGGED = {"aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl"}
ISOLATED = {
    "sagemaker:InstanceTypes": "ml.m5.large",
    "sagemaker:NetworkIsolation": "true",
    "sagemaker:VpcSecurityGroupIds": "sg-network-workload",
}
ONCE = {"s3:if-none-match": "*"}


@pytest.fixture(scope="module")
def roles(rendered: Renderings) -> ProjectRoles:
    return ProjectRoles(text=published(rendered("prod"), "project-roles-realtime-prod"))


def test_the_schedule_of_the_projects_own_group_alone_starts_the_pipeline_that_watches(roles: ProjectRoles) -> None:
    assert roles.trust("ScheduleRole")["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "333333333333"},
        "ArnEquals": {"aws:SourceArn": ARN.format("scheduler", f"schedule-group/{OWN}-watch")},
    }
    actions = {action for each in roles.statements("ScheduleRole") for action in each.actions}
    assert actions == {"sagemaker:StartPipelineExecution", "sqs:SendMessage"}
    for name, expected in ((f"{OWN}-watch", True), (f"{OWN}-batch", False), (f"{OTHER}-watch", False)):
        pipeline = ARN.format("sagemaker", f"pipeline/{name}")
        assert roles.may("ScheduleRole", "sagemaker:StartPipelineExecution", pipeline) is expected
        assert roles.may("ScheduleRole", "sqs:SendMessage", ARN.format("sqs", f"{name}-dead-letters")) is expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (TAGGED | ISOLATED, True),
        (ISOLATED, False),
        ({"aws:RequestTag/sagemaker:project-id": "p-mnopqrstuvwx"} | ISOLATED, False),
        (TAGGED | ISOLATED | {"sagemaker:NetworkIsolation": "false"}, False),
        (TAGGED | {key: ISOLATED[key] for key in ISOLATED if key != "sagemaker:NetworkIsolation"}, False),
        (TAGGED | ISOLATED | {"sagemaker:VpcSecurityGroupIds": "sg-another"}, False),
        (TAGGED | ISOLATED | {"sagemaker:InstanceTypes": "ml.p5.48xlarge"}, False),
        (TAGGED | {key: ISOLATED[key] for key in ISOLATED if key != "sagemaker:InstanceTypes"}, False),
    ],
    ids=["isolated", "untagged", "another project's", "open", "silent", "another network", "large", "no type"],
)
def test_jobs_are_the_projects_own_isolated_and_in_the_accounts_network(
    roles: ProjectRoles, keys: dict[str, str], expected: bool
) -> None:
    assert roles.may("WatchRole", "sagemaker:CreateProcessingJob", JOB, keys) is expected


@pytest.mark.parametrize(
    ("role", "passed", "service", "expected"),
    [
        ("DeploymentRole", "watch", "sagemaker", True),
        ("DeploymentRole", "schedule", "scheduler", True),
        ("DeploymentRole", "watch", "scheduler", False),
        ("DeploymentRole", "watch-job", "sagemaker", False),
        ("DeploymentRole", "model", "sagemaker", False),
        ("WatchRole", "watch-job", "sagemaker", True),
        ("WatchRole", "watch-job", "lambda", False),
        ("WatchRole", "model", "sagemaker", False),
        ("WatchRole", "deployment", "sagemaker", False),
        ("WatchJobRole", "watch-job", "sagemaker", False),
        ("ScheduleRole", "watch", "sagemaker", False),
        ("ModelRole", "watch-job", "sagemaker", False),
    ],
)
def test_each_role_is_passed_by_one_other_to_one_service(
    roles: ProjectRoles, role: str, passed: str, service: str, expected: bool
) -> None:
    keys = {"iam:PassedToService": f"{service}.amazonaws.com"}
    assert roles.may(role, "iam:PassRole", roles.role_arn(passed), keys) is expected
    assert not roles.may(role, "iam:PassRole", roles.role_arn(passed).replace(OWN, OTHER), keys)


def test_a_deployment_changes_what_watches_its_own_endpoint_and_starts_nothing(roles: ProjectRoles) -> None:
    for own, expected in ((OWN, True), (OTHER, False), ("analytics-prod", False)):
        for action, arn in {
            "sagemaker:CreatePipeline": ARN.format("sagemaker", f"pipeline/{own}-watch"),
            "sagemaker:UpdatePipeline": ARN.format("sagemaker", f"pipeline/{own}-watch"),
            "scheduler:CreateSchedule": ARN.format("scheduler", f"schedule/{own}-watch/{own}-watch"),
            "scheduler:DeleteScheduleGroup": ARN.format("scheduler", f"schedule-group/{own}-watch"),
            "sqs:CreateQueue": ARN.format("sqs", f"{own}-watch-dead-letters"),
        }.items():
            assert roles.may("DeploymentRole", action, arn) is expected, (action, arn)
    own = ARN.format("sagemaker", f"pipeline/{OWN}-watch")
    assert not roles.may("DeploymentRole", "sagemaker:StartPipelineExecution", own)
    assert not roles.may("DeploymentRole", "sqs:ReceiveMessage", ARN.format("sqs", f"{OWN}-watch-dead-letters"))


def test_a_job_reads_requests_model_and_code_of_its_own_project_and_writes_findings(roles: ProjectRoles) -> None:
    for project, own in (("p-abcdefghijkl", True), ("p-mnopqrstuvwx", False)):
        for place, (reads, writes) in {
            f"approved/{project}/3/model.tar.gz": (True, False),
            f"captured/{project}/v3/house/AllTraffic/2026/11/28/12/x.jsonl": (True, False),
            f"{project}/watch/code/0/run.py": (True, False),
            f"captured/{project}/truth/2026-11-28.csv": (True, False),
            f"watched/{project}/v3/2026-11-29T00:00:00Z/drift.json": (False, True),
            f"{project}/batch/input/x.csv": (False, False),
        }.items():
            assert roles.may("WatchJobRole", "s3:GetObject", f"{ARTIFACTS}/{place}") is (own and reads), place
            assert roles.may("WatchJobRole", "s3:PutObject", f"{ARTIFACTS}/{place}") is (own and writes), place
            assert not roles.may("WatchJobRole", "s3:DeleteObject", f"{ARTIFACTS}/{place}"), place
    services = {action.partition(":")[0] for each in roles.statements("WatchJobRole") for action in each.actions}
    assert services == {"ec2", "ecr", "kms", "logs", "s3"}


def test_a_deployment_adds_code_and_placeholders_and_no_requests(roles: ProjectRoles) -> None:
    for place, expected in {
        "p-abcdefghijkl/watch/code/0/run.py": True,
        "captured/p-abcdefghijkl/v3/placeholder": True,
        "captured/p-mnopqrstuvwx/v3/placeholder": False,
        "captured/p-abcdefghijkl/truth/placeholder": True,
        "captured/p-abcdefghijkl/truth/2026-11-28.csv": False,
        "captured/p-abcdefghijkl/v3/house/AllTraffic/2026/11/28/12/x.jsonl": False,
        "watched/p-abcdefghijkl/v3/2026-11-29T00:00:00Z/drift.json": False,
    }.items():
        assert roles.may("DeploymentRole", "s3:PutObject", f"{ARTIFACTS}/{place}", ONCE) is expected, place
        assert not roles.may("DeploymentRole", "s3:PutObject", f"{ARTIFACTS}/{place}"), place
    for place in ("captured/p-abcdefghijkl/v3/placeholder", "watched/p-abcdefghijkl/v3/1/report.html"):
        assert not roles.may("DeploymentRole", "s3:GetObject", f"{ARTIFACTS}/{place}"), place


def test_the_data_key_is_used_through_services_only(roles: ProjectRoles) -> None:
    through = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    for role, expected in {
        "DeploymentRole": True,
        "ScheduleRole": False,
        "WatchJobRole": True,
        "WatchRole": True,
    }.items():
        assert roles.may(role, "kms:GenerateDataKey", DATA_KEY, through) is expected
        assert not roles.may(role, "kms:GenerateDataKey", DATA_KEY)
