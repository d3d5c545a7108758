"""The role under which Service Catalog launches projects, held against what the products contain."""

from collections.abc import Mapping

import pytest

from products.catalog import PRODUCTS
from tests.access.authorization import Role
from tests.access.conftest import RoleNamed
from tests.products.product import launched

PREFIX = "analytics-dev-p-abcdefghijkl"
BUCKET = f"arn:aws:s3:::{PREFIX}-111111111111-eu-west-1"
PROJECT_ROLE = f"arn:aws:iam::111111111111:role/{PREFIX}-pipeline"
SAGEMAKER = "arn:aws:sagemaker:eu-west-1:111111111111"
CLONER = "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-template-cloner"

LIFE_OF: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "AWS::IAM::Role": (
        PROJECT_ROLE,
        (
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
        ),
    ),
    "AWS::S3::Bucket": (
        BUCKET,
        (
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:PutBucketLogging",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
        ),
    ),
    "AWS::S3::BucketPolicy": (BUCKET, ("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy")),
    "AWS::SageMaker::CodeRepository": (
        f"{SAGEMAKER}:code-repository/abalone-p-abcdefghijkl-model-training",
        (
            "sagemaker:AddTags",
            "sagemaker:CreateCodeRepository",
            "sagemaker:DeleteCodeRepository",
            "sagemaker:DescribeCodeRepository",
            "sagemaker:UpdateCodeRepository",
        ),
    ),
    "AWS::SageMaker::ModelPackageGroup": (
        f"{SAGEMAKER}:model-package-group/abalone-p-abcdefghijkl",
        (
            "sagemaker:AddTags",
            "sagemaker:CreateModelPackageGroup",
            "sagemaker:DeleteModelPackageGroup",
            "sagemaker:DescribeModelPackageGroup",
        ),
    ),
    "AWS::SSM::Parameter": (
        "arn:aws:ssm:eu-west-1:111111111111:parameter/mlops/analytics/dev/projects/p-abcdefghijkl",
        ("ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:GetParameters", "ssm:PutParameter"),
    ),
    "Custom::DeploymentRoles": (CLONER, ("lambda:InvokeFunction",)),
    "Custom::FirstWorkflowRun": (CLONER, ("lambda:InvokeFunction",)),
    "Custom::ProjectRepository": (CLONER, ("lambda:InvokeFunction",)),
}
"""Per type of resource: an example, and what CloudFormation calls from its creation to its deletion."""


@pytest.fixture
def launch(role_named: RoleNamed) -> Role:
    return role_named("project-launch")


def _resources() -> list[tuple[str, str]]:
    resources: list[tuple[str, str]] = []
    for product in PRODUCTS:
        for name, resource in launched(product.key).resources.items():
            resources.append((name, resource["Type"]))
    return sorted(set(resources))


@pytest.mark.parametrize(("name", "kind"), _resources())
def test_the_launch_role_may_create_and_delete_every_resource_of_a_product(launch: Role, name: str, kind: str) -> None:
    example, actions = LIFE_OF[kind]

    assert [action for action in actions if not launch.may(action, example)] == [], name


def test_the_launch_role_reaches_only_resource_types_of_products(launch: Role) -> None:
    services = {action.partition(":")[0] for statement in launch.statements for action in statement.actions}

    assert services == {"cloudformation", "iam", "lambda", "s3", "sagemaker", "ssm"}


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
