"""The role under which Service Catalog launches projects, held against what the products contain."""

from collections.abc import Mapping

import pytest

from products.catalog import PRODUCTS
from tests.access.authorization import Role
from tests.access.conftest import RoleNamed
from tests.access.stack_permissions import actions_of
from tests.products.product import launched

PREFIX = "analytics-dev-p-abcdefghijkl"
BUCKET = f"arn:aws:s3:::{PREFIX}-111111111111-eu-west-1"
PROJECT_ROLE = f"arn:aws:iam::111111111111:role/{PREFIX}-pipeline"
SAGEMAKER = "arn:aws:sagemaker:eu-west-1:111111111111"
CLONER = "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-template-cloner"

EXAMPLES: Mapping[str, str] = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:eu-west-1:111111111111:alarm:{PREFIX}-dead-letters",
    "AWS::IAM::Role": PROJECT_ROLE,
    "AWS::S3::Bucket": BUCKET,
    "AWS::S3::BucketPolicy": BUCKET,
    "AWS::SQS::Queue": f"arn:aws:sqs:eu-west-1:111111111111:{PREFIX}-dead-letters",
    "AWS::Scheduler::ScheduleGroup": f"arn:aws:scheduler:eu-west-1:111111111111:schedule-group/{PREFIX}",
    "AWS::SageMaker::CodeRepository": f"{SAGEMAKER}:code-repository/abalone-p-abcdefghijkl-model-training",
    "AWS::SageMaker::ModelPackageGroup": f"{SAGEMAKER}:model-package-group/abalone-p-abcdefghijkl",
    "AWS::SSM::Parameter": "arn:aws:ssm:eu-west-1:111111111111:parameter/mlops/analytics/dev/projects/p-abcdefghijkl",
    "Custom::DeletionCheck": CLONER,
    "Custom::DeploymentRoles": CLONER,
    "Custom::FirstWorkflowRun": CLONER,
    "Custom::ProjectRepository": CLONER,
}
"""A resource of each type that products contain."""
CONTENTS = {"scheduler:DeleteSchedule": f"arn:aws:scheduler:eu-west-1:111111111111:schedule/{PREFIX}/weekly"}
"""The content of a resource, by actions that are on that and not on the resource."""


@pytest.fixture
def launch(role_named: RoleNamed) -> Role:
    return role_named("project-launch")


def _resources() -> list[tuple[str, str, tuple[str, ...]]]:
    return sorted(
        {
            (name, resource["Type"], tuple(sorted(resource["Properties"])))
            for product in PRODUCTS
            for name, resource in launched(product.key).resources.items()
        }
    )


@pytest.mark.parametrize(("name", "kind", "properties"), _resources())
def test_the_launch_role_may_create_change_and_delete_every_resource_of_a_product(
    launch: Role, name: str, kind: str, properties: tuple[str, ...]
) -> None:
    needed = actions_of(kind, properties)

    assert [each for each in needed if not launch.may(each, CONTENTS.get(each, EXAMPLES[kind]))] == [], name


def test_the_launch_role_makes_the_alarms_of_products_and_not_one_that_starts_trainings(launch: Role) -> None:
    names = {
        alarm["AlarmName"]
        for product in PRODUCTS
        for alarm in launched(product.key).of_type("AWS::CloudWatch::Alarm").values()
    }

    assert names == {f"{PREFIX}-dead-letters", f"{PREFIX}-failed"}
    own = EXAMPLES["AWS::CloudWatch::Alarm"].removesuffix(f"{PREFIX}-dead-letters")
    for name in names:
        assert launch.may("cloudwatch:PutMetricAlarm", f"{own}{name}")
    # Development's deployment trigger takes those of this name.
    assert not launch.may("cloudwatch:PutMetricAlarm", f"{own}{PREFIX}-drift")


def test_a_bucket_with_tags_is_created_with_the_permission_to_tag_it() -> None:
    assert "s3:TagResource" in actions_of("AWS::S3::Bucket", ["BucketName"])


def test_the_launch_role_reaches_only_resource_types_of_products(launch: Role) -> None:
    services = {action.partition(":")[0] for statement in launch.statements for action in statement.actions}

    resources = {"cloudwatch", "iam", "lambda", "s3", "sagemaker", "scheduler", "sqs", "ssm"}
    assert services == {"cloudformation", *resources}


def test_only_service_catalog_assumes_the_launch_role(launch: Role, role_named: RoleNamed) -> None:
    assert launch.trust[0].actions == ("sts:AssumeRole",)
    assert launch.trust[0].principal == {"Service": "servicecatalog.amazonaws.com"}
    for people in ("data-scientist", "lead-data-scientist"):
        assert role_named(people).trust[0].principal == {"Service": "sagemaker.amazonaws.com"}


@pytest.mark.parametrize(
    "action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary"]
)
def test_a_launch_grants_nothing_beyond_the_boundary(launch: Role, action: str) -> None:
    granting = [each for each in launch.statements if action in each.actions]

    assert [each.condition for each in granting] == [
        {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111111111111:policy/analytics-dev-boundary"}}
    ]


@pytest.mark.parametrize(
    ("action", "elsewhere"),
    [
        ("iam:CreateRole", "arn:aws:iam::111111111111:role/analytics-dev-lead-data-scientist"),
        ("iam:PutRolePolicy", "arn:aws:iam::111111111111:role/analytics-dev-deploy"),
        ("iam:DeleteRole", "arn:aws:iam::111111111111:role/analytics-dev-project-launch"),
        ("s3:DeleteBucket", "arn:aws:s3:::analytics-dev-data-111111111111-eu-west-1"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::analytics-dev-state-111111111111-eu-west-1"),
        ("sagemaker:DeleteModelPackageGroup", f"{SAGEMAKER}:model-package-group/somebody-elses"),
        ("cloudwatch:DeleteAlarms", "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:analytics-dev-budget"),
        ("scheduler:DeleteSchedule", "arn:aws:scheduler:eu-west-1:111111111111:schedule/default/nightly"),
        ("sqs:DeleteQueue", "arn:aws:sqs:eu-west-1:111111111111:analytics-dev-template-cloner-failures"),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111111111111:function:another"),
        ("ssm:GetParameters", "arn:aws:ssm:eu-west-1:111111111111:parameter/mlops/another/dev/github/organization"),
        ("cloudformation:DeleteStack", "arn:aws:cloudformation:eu-west-1:111111111111:stack/platform/1"),
    ],
)
def test_a_launch_touches_only_a_projects_own_names(launch: Role, action: str, elsewhere: str) -> None:
    assert not launch.may(action, elsewhere)


def test_a_launch_passes_no_role_and_attaches_no_policy(launch: Role) -> None:
    for action in ("iam:PassRole", "iam:AttachRolePolicy", "iam:CreatePolicy", "iam:DeleteRolePermissionsBoundary"):
        assert not launch.may(action)


def test_a_launch_reads_only_templates_that_service_catalog_marked(launch: Role) -> None:
    assert launch.statement("ReadTemplates").condition == {
        "StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}
    }
