"""The roles of a project whose pipeline a schedule starts: one that scores batches, or one that watches an endpoint.

Each role does its part, and none reaches another project.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests.access.project_roles import ProjectRoles
from tests.products.resolution import published
from tests.rendering import Renderings, letting_in

OWN = "analytics-prod-p-abcdefghijkl"
OTHER = "analytics-prod-p-mnopqrstuvwx"
ARN = "arn:aws:{}:eu-west-1:333333333333:{}"
ARTIFACTS = "arn:aws:s3:::analytics-prod-artifacts-333333333333-eu-west-1"
BATCH = f"{ARTIFACTS}/p-abcdefghijkl/batch"
THEIRS = f"{ARTIFACTS}/p-mnopqrstuvwx/batch"
DATA_KEY = ARN.format("kms", "key/encryption-data-key")
THROUGH_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
JOB = ARN.format("sagemaker", "processing-job/pipelines-abc-Step-123")
TAGGED = {"aws:RequestTag/sagemaker:project-id": "p-abcdefghijkl"}
ISOLATED = {
    "sagemaker:InstanceTypes": "ml.m5.large",
    "sagemaker:NetworkIsolation": "true",
    "sagemaker:VpcSecurityGroupIds": "sg-network-workload",
}
ONCE = {"s3:if-none-match": "*"}


def without(keys: Mapping[str, str], key: str) -> dict[str, str]:
    """Return keys of a request but for one."""
    return {name: value for name, value in keys.items() if name != key}


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A pipeline that a schedule starts, and its roles."""

    purpose: str
    """End of the names of the pipeline, and of the role that starts its jobs."""
    starter: str
    job: str
    """The role of its jobs."""
    job_purpose: str
    """End of that role's name."""
    template: str

    @property
    def another(self) -> str:
        """Name of the pipeline that a project would have with the other kind of deployment."""
        return f"{OWN}-{'watch' if self.purpose == 'batch' else 'batch'}"

    @property
    def roles(self) -> list[str]:
        """Logical ids of all that have a part in it."""
        return sorted({"DeploymentRole", "ScheduleRole", self.starter, self.job})


BATCHES = Scheduled(
    purpose="batch", starter="BatchRole", job="ModelRole", job_purpose="model", template="project-roles-batch"
)
WATCHING = Scheduled(
    purpose="watch",
    starter="WatchRole",
    job="WatchJobRole",
    job_purpose="watch-job",
    template="project-roles-realtime-prod",
)
BOTH = pytest.mark.parametrize("scheduled", [BATCHES, WATCHING], ids=lambda each: each.purpose)

RolesOf = Callable[[Scheduled], ProjectRoles]


@pytest.fixture(scope="module")
def roles_of(rendered: Renderings) -> RolesOf:
    """Returns the roles that a project gets for a scheduled pipeline."""
    found = {
        each.purpose: ProjectRoles(text=published(rendered("prod", letting_in("prod")), each.template))
        for each in (BATCHES, WATCHING)
    }
    return lambda scheduled: found[scheduled.purpose]


@pytest.fixture(scope="module")
def batch(roles_of: RolesOf) -> ProjectRoles:
    return roles_of(BATCHES)


@pytest.fixture(scope="module")
def watch(roles_of: RolesOf) -> ProjectRoles:
    return roles_of(WATCHING)


def test_only_what_is_chosen_is_created(batch: ProjectRoles, watch: ProjectRoles) -> None:
    assert sorted(batch.roles) == BATCHES.roles
    assert sorted(watch.roles) == sorted({*WATCHING.roles, "ModelRole"})
    for roles, absent in (
        (batch, ("application-autoscaling", "CreateEndpoint", "InvokeEndpoint")),
        # Nobody who deploys an endpoint starts a run by hand, or reads what jobs wrote.
        (watch, ("DescribePipelineExecution", "ListPipelineExecution")),
    ):
        actions = [action for role in roles.roles for each in roles.statements(role) for action in each.actions]
        assert [action for action in actions if any(word in action for word in absent)] == []
    resources = [each for role in watch.roles for statement in watch.statements(role) for each in statement.resources]
    assert [each for each in resources if "batch" in each] == []


# The schedule


@BOTH
def test_a_schedule_of_the_projects_own_group_alone_starts_the_pipeline(
    roles_of: RolesOf, scheduled: Scheduled
) -> None:
    trust = roles_of(scheduled).trust("ScheduleRole")
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "333333333333"},
        "ArnEquals": {"aws:SourceArn": ARN.format("scheduler", f"schedule-group/{OWN}-{scheduled.purpose}")},
    }


@BOTH
def test_a_schedule_starts_the_projects_pipeline_keeps_its_dead_letters_and_does_nothing_else(
    roles_of: RolesOf, scheduled: Scheduled
) -> None:
    roles = roles_of(scheduled)
    actions = {action for each in roles.statements("ScheduleRole") for action in each.actions}
    assert actions == {"sagemaker:StartPipelineExecution", "sqs:SendMessage"}
    own, other = f"{OWN}-{scheduled.purpose}", f"{OTHER}-{scheduled.purpose}"
    for name, expected in ((own, True), (scheduled.another, False), (other, False)):
        pipeline = ARN.format("sagemaker", f"pipeline/{name}")
        assert roles.may("ScheduleRole", "sagemaker:StartPipelineExecution", pipeline) is expected
        assert roles.may("ScheduleRole", "sqs:SendMessage", ARN.format("sqs", f"{name}-dead-letters")) is expected


# The jobs


@BOTH
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
    roles_of: RolesOf, scheduled: Scheduled, keys: dict[str, str], expected: bool
) -> None:
    assert roles_of(scheduled).may(scheduled.starter, "sagemaker:CreateProcessingJob", JOB, keys) is expected


@BOTH
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"sagemaker:InstanceTypes": "ml.r5.2xlarge"}, True),
        ({"sagemaker:InstanceTypes": "ml.p5.48xlarge"}, False),
        ({}, False),
    ],
    ids=["allowed", "another", "none"],
)
def test_jobs_run_on_the_instances_that_the_account_allows(
    roles_of: RolesOf, scheduled: Scheduled, keys: dict[str, str], expected: bool
) -> None:
    asked = TAGGED | without(ISOLATED, "sagemaker:InstanceTypes") | keys
    assert roles_of(scheduled).may(scheduled.starter, "sagemaker:CreateProcessingJob", JOB, asked) is expected


@BOTH
def test_jobs_of_another_project_are_neither_seen_nor_stopped(roles_of: RolesOf, scheduled: Scheduled) -> None:
    roles, starter = roles_of(scheduled), scheduled.starter
    for project, expected in (("p-abcdefghijkl", True), ("p-mnopqrstuvwx", False)):
        for action in ("sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"):
            assert roles.may(starter, action, JOB, {"aws:ResourceTag/sagemaker:project-id": project}) is expected
        tagging = {"sagemaker:TaggingAction": "CreateProcessingJob", "aws:RequestTag/sagemaker:project-id": project}
        assert roles.may(starter, "sagemaker:AddTags", JOB, tagging) is expected


@BOTH
def test_each_role_is_passed_by_one_other_to_one_service(roles_of: RolesOf, scheduled: Scheduled) -> None:
    roles = roles_of(scheduled)
    passed = {
        ("DeploymentRole", scheduled.purpose, "sagemaker"),
        ("DeploymentRole", "schedule", "scheduler"),
        (scheduled.starter, scheduled.job_purpose, "sagemaker"),
    }
    for role in roles.roles:
        for purpose in ("deployment", "model", "schedule", scheduled.purpose, scheduled.job_purpose):
            for service in ("lambda", "sagemaker", "scheduler"):
                keys, arn = {"iam:PassedToService": f"{service}.amazonaws.com"}, roles.role_arn(purpose)
                # An endpoint's model has its role from the account's own release function.
                assert roles.may(role, "iam:PassRole", arn, keys) is ((role, purpose, service) in passed), (role, arn)
                assert not roles.may(role, "iam:PassRole", arn.replace(OWN, OTHER), keys)


@BOTH
def test_no_role_makes_jobs_other_than_those_of_the_pipeline(roles_of: RolesOf, scheduled: Scheduled) -> None:
    roles = roles_of(scheduled)
    for role in scheduled.roles:
        for kind in ("processing", "training", "transform"):
            action = f"sagemaker:Create{kind.title()}Job"
            arn = ARN.format("sagemaker", f"{kind}-job/{OWN}")
            assert not roles.may(role, action, arn, TAGGED | ISOLATED), (role, action)


@pytest.mark.parametrize("role", BATCHES.roles)
def test_no_role_of_a_batch_makes_models_or_endpoints(batch: ProjectRoles, role: str) -> None:
    for action, arn in {
        "sagemaker:CreateModel": f"model/{OWN}-approved-v3-1a2b3c4d",
        "sagemaker:CreateEndpoint": f"endpoint/{OWN}",
    }.items():
        assert not batch.may(role, action, ARN.format("sagemaker", arn), TAGGED | ISOLATED), action


# The deployment


@BOTH
def test_a_deployment_changes_its_own_pipeline_and_schedule_and_no_other(
    roles_of: RolesOf, scheduled: Scheduled
) -> None:
    roles = roles_of(scheduled)
    for project, expected in ((OWN, True), (OTHER, False), ("analytics-prod", False)):
        name = f"{project}-{scheduled.purpose}"
        for action, arn in {
            "sagemaker:CreatePipeline": ARN.format("sagemaker", f"pipeline/{name}"),
            "sagemaker:UpdatePipeline": ARN.format("sagemaker", f"pipeline/{name}"),
            "scheduler:CreateSchedule": ARN.format("scheduler", f"schedule/{name}/{name}"),
            "scheduler:CreateScheduleGroup": ARN.format("scheduler", f"schedule-group/{name}"),
            "scheduler:DeleteScheduleGroup": ARN.format("scheduler", f"schedule-group/{name}"),
            "sqs:CreateQueue": ARN.format("sqs", f"{name}-dead-letters"),
        }.items():
            assert roles.may("DeploymentRole", action, arn) is expected, (action, arn)
    assert not roles.may("DeploymentRole", "scheduler:CreateSchedule", ARN.format("scheduler", "schedule/default/x"))
    queue = ARN.format("sqs", f"{OWN}-{scheduled.purpose}-dead-letters")
    assert not roles.may("DeploymentRole", "sqs:ReceiveMessage", queue)


@BOTH
def test_a_deployment_starts_a_batch_to_test_it_and_never_what_watches(roles_of: RolesOf, scheduled: Scheduled) -> None:
    roles, starts = roles_of(scheduled), scheduled is BATCHES
    for project, expected in ((OWN, starts), (OTHER, False), ("analytics-prod", False)):
        pipeline = ARN.format("sagemaker", f"pipeline/{project}-{scheduled.purpose}")
        assert roles.may("DeploymentRole", "sagemaker:StartPipelineExecution", pipeline) is expected
        execution = f"{pipeline}/execution/abc"
        assert roles.may("DeploymentRole", "sagemaker:DescribePipelineExecution", execution) is expected


def test_a_deployment_of_a_batch_reads_its_own_models_alone(batch: ProjectRoles) -> None:
    for project, expected in ((OWN, True), (OTHER, False)):
        model = ARN.format("sagemaker", f"model/{project}-approved-v3-1a2b3c4d")
        assert batch.may("DeploymentRole", "sagemaker:DescribeModel", model) is expected


def test_a_deployments_alarms_tell_people_and_do_nothing_else(batch: ProjectRoles) -> None:
    alarm = ARN.format("cloudwatch", f"alarm:{OWN}-batch-drift")
    for action, expected in {
        ARN.format("sns", "analytics-prod-alarms"): True,
        ARN.format("autoscaling", "scalingPolicy:1:resource/sagemaker/endpoint/x"): False,
        ARN.format("lambda", "function:analytics-prod-x"): False,
    }.items():
        keys = {"cloudwatch:AlarmActions": action}
        assert batch.may("DeploymentRole", "cloudwatch:PutMetricAlarm", alarm, keys) is expected, action


# The data


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


@BOTH
def test_code_is_added_and_never_replaced(roles_of: RolesOf, scheduled: Scheduled) -> None:
    code = f"{ARTIFACTS}/p-abcdefghijkl/{scheduled.purpose}/code/0/run.py"
    roles = roles_of(scheduled)
    assert roles.may("DeploymentRole", "s3:PutObject", code, ONCE)
    assert not roles.may("DeploymentRole", "s3:PutObject", code)
    assert not roles.may("DeploymentRole", "s3:PutObject", code, {"s3:if-none-match": "1"})


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


def test_a_job_reads_requests_model_and_code_of_its_own_project_and_writes_findings(watch: ProjectRoles) -> None:
    for project, own in (("p-abcdefghijkl", True), ("p-mnopqrstuvwx", False)):
        for place, (reads, writes) in {
            f"approved/{project}/3/model.tar.gz": (True, False),
            f"captured/{project}/v3/house/AllTraffic/2026/11/28/12/x.jsonl": (True, False),
            f"{project}/watch/code/0/run.py": (True, False),
            f"captured/{project}/truth/2026-11-28.csv": (True, False),
            f"watched/{project}/v3/2026-11-29T00:00:00Z/drift.json": (False, True),
            f"{project}/batch/input/x.csv": (False, False),
        }.items():
            assert watch.may("WatchJobRole", "s3:GetObject", f"{ARTIFACTS}/{place}") is (own and reads), place
            assert watch.may("WatchJobRole", "s3:PutObject", f"{ARTIFACTS}/{place}") is (own and writes), place
            assert not watch.may("WatchJobRole", "s3:DeleteObject", f"{ARTIFACTS}/{place}"), place
    services = {action.partition(":")[0] for each in watch.statements("WatchJobRole") for action in each.actions}
    assert services == {"ec2", "ecr", "kms", "logs", "s3"}


def test_a_deployment_adds_code_and_placeholders_and_no_requests(watch: ProjectRoles) -> None:
    for place, expected in {
        "p-abcdefghijkl/watch/code/0/run.py": True,
        "captured/p-abcdefghijkl/v3/placeholder": True,
        "captured/p-mnopqrstuvwx/v3/placeholder": False,
        "captured/p-abcdefghijkl/truth/placeholder": True,
        "captured/p-abcdefghijkl/truth/2026-11-28.csv": False,
        "captured/p-abcdefghijkl/v3/house/AllTraffic/2026/11/28/12/x.jsonl": False,
        "watched/p-abcdefghijkl/v3/2026-11-29T00:00:00Z/drift.json": False,
    }.items():
        assert watch.may("DeploymentRole", "s3:PutObject", f"{ARTIFACTS}/{place}", ONCE) is expected, place
        assert not watch.may("DeploymentRole", "s3:PutObject", f"{ARTIFACTS}/{place}"), place
    for place in ("captured/p-abcdefghijkl/v3/placeholder", "watched/p-abcdefghijkl/v3/1/report.html"):
        assert not watch.may("DeploymentRole", "s3:GetObject", f"{ARTIFACTS}/{place}"), place


@BOTH
def test_the_data_key_is_used_through_services_only(roles_of: RolesOf, scheduled: Scheduled) -> None:
    roles = roles_of(scheduled)
    for role in scheduled.roles:
        expected = role != "ScheduleRole"
        assert roles.may(role, "kms:GenerateDataKey", DATA_KEY, THROUGH_S3) is expected
        assert not roles.may(role, "kms:GenerateDataKey", DATA_KEY)
