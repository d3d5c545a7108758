"""The product "promotion of the whole pipeline": its resources where it is launched."""

from pathlib import Path
from typing import Any

import pytest

from functions.template_cloner.properties import parse_deletion_check
from products.catalog import PRODUCTS
from products.catalog import Product as CatalogProduct
from tests.cloudformation import findings
from tests.products.product import ACCOUNT, ANSWERED_WITHIN, CLONER, ISSUER, PARAMETERS, PROJECT, Product, launched
from tests.products.test_model_building_training import LONGEST_LAUNCH

REPOSITORY = "mlops-abalone-p-abcdefghijkl-pipeline-promotion"
SUBJECT = f"repo:acme@1001/{REPOSITORY}@2005"
PREFIX = "analytics-dev-p-abcdefghijkl"
BUCKET = f"arn:aws:s3:::{PREFIX}-{ACCOUNT}-eu-west-1"
PIPELINE = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:pipeline/abalone-p-abcdefghijkl"
CUSTOM = ("Custom::DeletionCheck", "Custom::DeploymentRoles", "Custom::FirstWorkflowRun", "Custom::ProjectRepository")
ACCOUNTS = {"preprod": "222222222222", "prod": "333333333333"}


@pytest.fixture(scope="module")
def product() -> Product:
    return launched("pipeline-promotion")


@pytest.fixture
def offer() -> CatalogProduct:
    return next(each for each in PRODUCTS if each.key == "pipeline-promotion")


def statement(product: Product, role: str, sid: str) -> dict[str, Any]:
    [found] = [each for document in product.documents(role) for each in document["Statement"] if each["Sid"] == sid]
    return found


def test_it_is_found_under_its_own_title_and_needs_both_accounts(offer: CatalogProduct) -> None:
    assert offer.title == "MLOps template for promotion of the whole pipeline"
    assert offer.deploys_to == ("preprod", "prod")


def test_the_template_has_no_findings(product: Product, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(product.text)

    assert findings(tmp_path / "template.yaml", regions=["eu-west-1", "us-east-1"], informational=True) == []


def test_only_what_the_platforms_resources_know_is_read_from_parameters(product: Product) -> None:
    # The repository reads the network's subnets itself, as in every account.
    assert product.references == set(PARAMETERS) - {"network/private-subnet-ids"}


def test_one_repository_has_three_environments_of_which_production_waits_for_a_release(product: Product) -> None:
    repositories = product.of_type("Custom::ProjectRepository")

    assert list(repositories) == ["Repository"]
    repository = repositories["Repository"]
    assert repository["Kind"] == "pipeline-promotion"
    assert repository["Environments"] == ["dev", "preprod", "prod"]
    assert repository["ReleasedEnvironments"] == ["prod"]


def test_the_repository_is_told_the_names_of_every_account(product: Product) -> None:
    settings = dict(product.properties("Repository")["Settings"])

    for name, account in {"dev": ACCOUNT, **ACCOUNTS}.items():
        role = "workflow" if name == "dev" else "deployment"
        assert settings.pop(name) == {
            "account_id": account,
            "bucket": f"analytics-{name}-p-abcdefghijkl-{account}-eu-west-1",
            "parameter_path": f"/mlops/analytics/{name}",
            "prefix": f"analytics-{name}-p-abcdefghijkl",
            "workflow_role_arn": f"arn:aws:iam::{account}:role/analytics-{name}-p-abcdefghijkl-{role}",
        }
    assert settings == {
        "project": {"arn": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:project/abalone"},
        "aws": {"region": "eu-west-1"},
        "images": {"account_id": "141502667606"},
        "pipeline": {"name": "abalone-p-abcdefghijkl", "model_package_group": "abalone-p-abcdefghijkl"},
    }


def test_the_repository_finds_its_roles_and_places_by_the_names_that_the_resources_have(product: Product) -> None:
    assert product.properties("PipelineRole")["RoleName"] == f"{PREFIX}-pipeline"
    assert product.properties("JobRole")["RoleName"] == f"{PREFIX}-job"
    assert product.properties("ScheduleRole")["RoleName"] == f"{PREFIX}-schedule"
    assert product.properties("PreviewRole")["RoleName"] == f"{PREFIX}-preview"
    assert product.properties("WorkflowRole")["RoleName"] == f"{PREFIX}-workflow"
    assert product.properties("ScheduleGroup")["Name"] == PREFIX
    assert product.properties("DeadLetters")["QueueName"] == f"{PREFIX}-dead-letters"


def test_each_account_gives_roles_to_the_repository_alone(product: Product) -> None:
    for key, environment in (("PreprodDeploymentRoles", "preprod"), ("ProdDeploymentRoles", "prod")):
        asked = {name: value for name, value in product.properties(key).items() if not name.startswith("Service")}
        assert asked == {
            "ProjectName": "abalone",
            "ProjectId": "p-abcdefghijkl",
            "RepositoryName": REPOSITORY,
            "RepositoryId": "2005",
            "Environment": environment,
            "AccountId": ACCOUNTS[environment],
            "UpdatedAt": "2026-11-30T17:30:00Z",
        }


def test_jobs_of_its_environment_promote_and_pull_requests_only_describe(product: Product) -> None:
    for role, subject in (("WorkflowRole", "environment:dev"), ("PreviewRole", "pull_request")):
        [trusted] = product.trust(role)["Statement"]
        assert trusted["Condition"] == {
            "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": f"{SUBJECT}:{subject}"}
        }
    actions = [
        action
        for document in product.documents("PreviewRole")
        for each in document["Statement"]
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    ]
    assert sorted(actions) == ["sagemaker:DescribePipeline", "ssm:GetParameter"]
    for parameter in statement(product, "PreviewRole", "FindKeyAndNetwork")["Resource"]:
        assert "/encryption/data-key-arn" in parameter or "/network/" in parameter


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:CreatePipeline", PIPELINE),
        ("sagemaker:UpdatePipelineVersion", PIPELINE),
        ("sagemaker:ListPipelineVersions", PIPELINE),
        ("sagemaker:StartPipelineExecution", PIPELINE),
        ("sagemaker:DescribePipelineExecution", f"{PIPELINE}/execution/abcdefghijkl"),
        ("scheduler:CreateSchedule", f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule/{PREFIX}/abalone-p-abcdefghijkl"),
        ("s3:GetObject", f"{BUCKET}/executions/abcdefghijkl/evaluation/evaluation.json"),
        ("s3:PutObject", f"{BUCKET}/code/0123456789abcdef/train.py"),
    ],
)
def test_the_workflow_may_do_what_the_commands_need(product: Product, action: str, resource: str) -> None:
    assert product.may("WorkflowRole", action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:UpdatePipelineVersion", PIPELINE.replace("p-abcdefghijkl", "p-mnopqrstuvwx")),
        ("scheduler:CreateSchedule", f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule/default/abalone"),
        ("scheduler:DeleteScheduleGroup", f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule-group/{PREFIX}"),
        ("s3:GetObject", f"{BUCKET}/incoming/rows.csv"),
        ("s3:GetObject", f"{BUCKET}/executions/abcdefghijkl/evaluation/predictions.csv"),
        ("s3:GetObject", f"{BUCKET}/executions/abcdefghijkl/train/train.csv"),
        ("s3:PutObject", f"{BUCKET}/incoming/rows.csv"),
        ("sagemaker:CreateModelPackage", "*"),
        ("sagemaker:UpdateModelPackage", "*"),
        ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{PREFIX}-dead-letters"),
    ],
)
def test_the_workflow_may_read_no_data_and_nothing_of_another_project(
    product: Product, action: str, resource: str
) -> None:
    assert not product.may("WorkflowRole", action, resource)


def test_roles_are_passed_to_the_services_that_work_under_them(product: Product) -> None:
    for sid, role, service in (
        ("PassThePipelineRole", "pipeline", "sagemaker.amazonaws.com"),
        ("PassTheScheduleRole", "schedule", "scheduler.amazonaws.com"),
    ):
        passing = statement(product, "WorkflowRole", sid)
        assert passing["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{role}"
        assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": service}}


def test_the_schedule_starts_this_pipeline_alone_for_schedules_of_its_own_group(product: Product) -> None:
    [trusted] = product.trust("ScheduleRole")["Statement"]

    assert trusted["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trusted["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": ACCOUNT,
            "aws:SourceArn": f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule-group/{PREFIX}",
        }
    }
    assert product.may("ScheduleRole", "sagemaker:StartPipelineExecution", PIPELINE)
    assert not product.may("ScheduleRole", "sagemaker:StartPipelineExecution", f"{PIPELINE}x")
    assert product.may("ScheduleRole", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{PREFIX}-dead-letters")


def test_people_are_told_of_a_start_that_failed_for_good_and_of_an_execution_that_failed(product: Product) -> None:
    dead_letters, failed = product.properties("DeadLettersAlarm"), product.properties("FailedAlarm")

    assert (dead_letters["Namespace"], dead_letters["MetricName"]) == ("AWS/SQS", "NumberOfMessagesSent")
    assert dead_letters["Dimensions"] == [{"Name": "QueueName", "Value": f"{PREFIX}-dead-letters"}]
    assert (failed["Namespace"], failed["MetricName"]) == ("AWS/Sagemaker/ModelBuildingPipeline", "ExecutionFailed")
    assert failed["Dimensions"] == [{"Name": "PipelineName", "Value": PIPELINE.rpartition("/")[2]}]
    for alarm in (dead_letters, failed):
        assert alarm["AlarmActions"] == [PARAMETERS["notifications/alarms-topic-arn"]]
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
        assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == (
            "GreaterThanOrEqualToThreshold",
            "notBreaching",
        )
    assert product.properties("DeadLetters")["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", ["DeadLettersAlarm", "FailedAlarm"])
def test_an_alarm_sees_a_metric_that_comes_late_and_is_over_before_the_next_hour(product: Product, name: str) -> None:
    alarm = product.properties(name)

    # An inactive queue reports up to fifteen minutes late: the period that the metric is of must still be looked at then.
    # Source: Amazon SQS Developer Guide, "Monitoring Amazon SQS queues using CloudWatch".
    late = 15 * 60
    assert late + alarm["Period"] <= alarm["Period"] * alarm["EvaluationPeriods"] < 3600 - late
    assert alarm["DatapointsToAlarm"] == 1


def test_jobs_read_the_accounts_own_data_and_a_model_waits_for_approval_in_development(product: Product) -> None:
    group = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package-group/abalone-p-abcdefghijkl"

    assert product.may("JobRole", "s3:GetObject", f"{BUCKET}/incoming/rows.csv")
    assert not product.may("JobRole", "s3:PutObject", f"{BUCKET}/incoming/rows.csv")
    for status, permitted in (("PendingManualApproval", True), ("Approved", False)):
        context = {"sagemaker:ModelApprovalStatus": status}
        assert product.may("PipelineRole", "sagemaker:CreateModelPackage", group, context) is permitted


def test_the_workflow_starts_when_everything_that_it_uses_exists(product: Product) -> None:
    assert product.needed("FirstRun") == set(product.resources) - {"DeletionCheck", "FirstRun"}
    run = product.properties("FirstRun")
    assert (run["Repository"], run["Workflow"]) == (f"acme/{REPOSITORY}", "deploy.yml")


def test_the_project_is_protected_last_and_its_deletion_asks_both_accounts_first(product: Product) -> None:
    assert product.needed("DeletionCheck") == set(product.resources) - {"DeletionCheck"}
    check = parse_deletion_check(product.properties("DeletionCheck"), "analytics")
    assert check.protects
    assert {each.environment: each.account_id for each in check.accounts} == ACCOUNTS


def test_the_template_cloner_serves_one_request_of_a_launch_at_a_time(product: Product) -> None:
    asked = [key for key, each in product.resources.items() if each["Type"] in CUSTOM]

    assert product.together(asked) == []
    for key in asked:
        assert (product.properties(key)["ServiceTimeout"], product.properties(key)["ServiceToken"]) == (
            ANSWERED_WITHIN,
            CLONER,
        )


def test_the_project_is_no_project_whose_approved_models_are_deployed(product: Product) -> None:
    assert product.of_type("AWS::SSM::Parameter") == {}
    assert "ModelPackageGroupPolicy" not in product.properties("ModelPackageGroup")
    statements = product.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}, "no other account reads this one's bucket"


def test_the_longest_legal_names_fit_everywhere() -> None:
    longest = Product("pipeline-promotion", LONGEST_LAUNCH)
    prefix = f"{'a' * 12}-preprod-{PROJECT['SageMakerProjectId']}"

    assert len(longest.properties("CodeRepository")["CodeRepositoryName"]) <= 63
    assert len(longest.properties("Repository")["Settings"]["preprod"]["bucket"]) <= 63
    assert len(f"{prefix}-deployment") <= 64
    assert len(prefix) <= 64, "the name of a group of schedules"
