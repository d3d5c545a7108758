"""The product "model building, training, and deployment": what it adds to "model building and training"."""

import json
from pathlib import Path

import pytest

from functions.deployment_trigger.project import parse_project
from functions.deployment_trigger.settings import Settings
from functions.template_cloner.properties import parse_deletion_check
from products.catalog import PRODUCTS
from products.catalog import Product as CatalogProduct
from products.workload import INFERENCES
from tests.cloudformation import findings
from tests.products.product import (
    ACCOUNT,
    ANSWERED_WITHIN,
    CLONER,
    PARAMETERS,
    PROJECT,
    Launch,
    Product,
    launched,
    texts,
)
from tests.products.test_model_building_training import BUCKET, LONGEST_LAUNCH, LONGEST_PREFIX, SAGEMAKER

ADDED = {
    "DeploymentRepository": "Custom::ProjectRepository",
    "PreprodDeploymentRoles": "Custom::DeploymentRoles",
    "ProdDeploymentRoles": "Custom::DeploymentRoles",
    "ProjectParameter": "AWS::SSM::Parameter",
    "DeploymentCodeRepository": "AWS::SageMaker::CodeRepository",
    "FirstChecks": "Custom::FirstWorkflowRun",
    "DeletionCheck": "Custom::DeletionCheck",
}
REPLACED = {"ArtifactBucketPolicy", "FirstRun", "ModelPackageGroup", "Repository"}
REPOSITORY = "mlops-abalone-p-abcdefghijkl-model-deployment-realtime"
RELEASE_ROLES = [
    "arn:aws:iam::222222222222:role/analytics-preprod-model-release",
    "arn:aws:iam::333333333333:role/analytics-prod-model-release",
]
ACCOUNTS = ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"]
CUSTOM = ("Custom::DeletionCheck", "Custom::DeploymentRoles", "Custom::FirstWorkflowRun", "Custom::ProjectRepository")


@pytest.fixture(scope="module")
def product() -> Product:
    return launched("model-building-training-deployment")


@pytest.fixture(scope="module")
def extended() -> Product:
    return launched("model-building-training")


@pytest.fixture
def offer() -> CatalogProduct:
    return next(each for each in PRODUCTS if each.key == "model-building-training-deployment")


def test_it_is_found_under_its_own_title(offer: CatalogProduct) -> None:
    assert offer.title == "MLOps template for model building, training, and deployment"
    assert offer.deploys_to == ("preprod", "prod")


def test_the_template_has_no_findings(product: Product, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(product.text)

    assert findings(tmp_path / "template.yaml", regions=["eu-west-1", "us-east-1"], informational=True) == []


def test_it_has_the_other_products_resources_and_its_own(product: Product, extended: Product) -> None:
    added = {key: each["Type"] for key, each in product.resources.items() if key not in extended.resources}
    changed = {key for key, each in extended.resources.items() if product.resources[key] != each}

    assert added == ADDED
    assert changed == REPLACED
    for section in ("Parameters", "Outputs"):
        theirs = extended.template[section]
        assert {key: product.template[section][key] for key in theirs} == theirs, section
    assert set(product.template) == set(extended.template)


def test_what_it_replaces_keeps_what_the_other_product_says(product: Product, extended: Product) -> None:
    policy = product.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"]
    theirs = extended.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"]
    group = dict(product.properties("ModelPackageGroup"))
    del group["ModelPackageGroupPolicy"]

    assert policy[: len(theirs)] == theirs
    assert group == extended.properties("ModelPackageGroup")
    assert product.properties("FirstRun") == extended.properties("FirstRun")
    assert product.properties("Repository") == {
        **extended.properties("Repository"),
        "ReleasedEnvironments": ["prod"],
    }
    for key in REPLACED - {"FirstRun", "Repository"}:
        assert product.resources[key]["DeletionPolicy"] == extended.resources[key]["DeletionPolicy"]
    waits = product.resources["FirstRun"]["DependsOn"]
    assert set(extended.resources["FirstRun"]["DependsOn"]) <= set(waits)


def test_only_what_the_platforms_resources_know_is_read_from_parameters(product: Product) -> None:
    assert product.references == set(PARAMETERS) - {"notifications/alarms-topic-arn"}


def test_who_launches_does_not_choose_who_releases(product: Product, extended: Product) -> None:
    parameters = product.template["Parameters"]

    assert not [name for name in parameters if "Release" in name or "Production" in name]
    groups = product.template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert set(parameters) == {"SageMakerProjectName", "SageMakerProjectId", *shown}
    assert set(parameters) - set(extended.template["Parameters"]) == {"DeletionProtection", "Inference"}


def test_a_project_chooses_one_way_to_deploy_and_one_that_was_launched_before_has_an_endpoint(product: Product) -> None:
    """Service Catalog leaves out a parameter that the project does not have yet, and CloudFormation takes its default."""
    parameter = product.template["Parameters"]["Inference"]

    assert (parameter["Default"], parameter["AllowedValues"]) == ("realtime", ["realtime", "batch"])
    batch = Product("model-building-training-deployment", Launch(parameters={**PROJECT, "Inference": "batch"}))
    assert batch.properties("DeploymentRepository")["Kind"] == "model-deployment-batch"
    assert set(batch.resources) == set(product.resources)
    assert sorted(INFERENCES) == sorted(parameter["AllowedValues"])


def test_only_production_waits_for_a_release(product: Product) -> None:
    repository = product.properties("DeploymentRepository")

    assert repository["Kind"] == "model-deployment-realtime"
    assert repository["Environments"] == ["preprod", "prod"]
    assert repository["ReleasedEnvironments"] == ["prod"]


def test_the_repository_is_told_where_models_come_from_and_go_to(product: Product) -> None:
    def environment(name: str, account: str) -> dict[str, str]:
        return {
            "environment": name,
            "account_id": account,
            "prefix": f"analytics-{name}",
            "deployment_role_arn": f"arn:aws:iam::{account}:role/analytics-{name}-p-abcdefghijkl-deployment",
            "model_role_arn": f"arn:aws:iam::{account}:role/analytics-{name}-p-abcdefghijkl-model",
            "artifacts_bucket": f"analytics-{name}-artifacts-{account}-eu-west-1",
            "state_bucket": f"analytics-{name}-state-{account}-eu-west-1",
            "parameter_path": f"/mlops/analytics/{name}",
        }

    assert product.properties("DeploymentRepository")["Settings"] == {
        "project": {"arn": f"{SAGEMAKER}:project/abalone"},
        "platform": {"unit": "analytics"},
        "models": {
            "account_id": ACCOUNT,
            "region": "eu-west-1",
            "package_group": "abalone-p-abcdefghijkl",
            "bucket": f"analytics-dev-p-abcdefghijkl-{ACCOUNT}-eu-west-1",
        },
        "preprod": environment("preprod", "222222222222"),
        "prod": environment("prod", "333333333333"),
    }


def test_each_account_gives_roles_to_the_deployment_repository_alone(product: Product) -> None:
    for key, environment, account in (
        ("PreprodDeploymentRoles", "preprod", "222222222222"),
        ("ProdDeploymentRoles", "prod", "333333333333"),
    ):
        asked = {name: value for name, value in product.properties(key).items() if not name.startswith("Service")}
        assert asked == {
            "ProjectName": "abalone",
            "ProjectId": "p-abcdefghijkl",
            "RepositoryName": REPOSITORY,
            "RepositoryId": "2006",
            "Environment": environment,
            "AccountId": account,
            "UpdatedAt": "2026-11-30T17:30:00Z",
        }


def test_only_the_release_functions_of_both_accounts_read_models(product: Product) -> None:
    [statement] = product.properties("ModelPackageGroup")["ModelPackageGroupPolicy"]["Statement"]

    assert {key: value for key, value in statement.items() if key != "Sid"} == {
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNTS},
        "Action": "sagemaker:DescribeModelPackage",
        "Resource": f"{SAGEMAKER}:model-package/abalone-p-abcdefghijkl/*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": RELEASE_ROLES}},
    }


def test_only_the_release_functions_of_both_accounts_read_what_was_approved_and_nothing_else(product: Product) -> None:
    statements = product.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"]
    [allowed] = [each for each in statements if each["Effect"] == "Allow"]

    assert allowed == {
        "Sid": "ReleasesReadApprovals",
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNTS},
        "Action": "s3:GetObject",
        "Resource": f"{BUCKET}/approved/*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": RELEASE_ROLES}},
    }


def test_nothing_keeps_the_bucket_from_being_deleted(product: Product) -> None:
    """A failed launch takes it away: but for plain HTTP only its objects are denied, and it has none then."""
    statements = product.properties("ArtifactBucketPolicy")["PolicyDocument"]["Statement"]
    denied = [each["Resource"] for each in statements if each["Effect"] == "Deny"][1:]

    assert denied
    assert all(resource.startswith(f"{BUCKET}/") for resources in denied for resource in texts(resources))


def test_the_projects_parameter_is_published_once_it_can_deploy(product: Product) -> None:
    parameter = product.properties("ProjectParameter")

    assert parameter["Name"] == "/mlops/analytics/dev/projects/p-abcdefghijkl"
    assert json.loads(parameter["Value"]) == {
        "name": "abalone",
        "repository": f"acme/{REPOSITORY}",
        "training_repository": "acme/mlops-abalone-p-abcdefghijkl-model-training",
        "package_group": "abalone-p-abcdefghijkl",
        "bucket": f"analytics-dev-p-abcdefghijkl-{ACCOUNT}-eu-west-1",
        "roles": {"preprod": "preprod-deployment-role", "prod": "prod-deployment-role"},
    }
    assert {
        "ArtifactBucketPolicy",
        "DeploymentRepository",
        "ModelPackageGroup",
        "PreprodDeploymentRoles",
        "ProdDeploymentRoles",
    } <= product.needed("ProjectParameter")


def test_the_deployment_trigger_understands_what_the_project_publishes(product: Product) -> None:
    parameter = product.properties("ProjectParameter")
    settings = Settings(
        github_api_url="https://api.github.com",
        credential_secret_arn="arn:secret",
        parameter_path="/mlops/analytics/dev",
        prefix="analytics-dev",
        account_id=ACCOUNT,
        region="eu-west-1",
        life_cycle_role="analytics-dev-model-life-cycle",
        unit="analytics",
        retraining_accounts=(("prod", "333333333333"),),
    )

    project = parse_project(parameter["Name"], PROJECT["SageMakerProjectId"], parameter["Value"], settings)

    assert project.repository == f"acme/{REPOSITORY}"
    assert f"arn:aws:s3:::{project.bucket}" == BUCKET
    assert project.training_repository == product.properties("FirstRun")["Repository"]
    assert project.package_group == product.properties("ModelPackageGroup")["ModelPackageGroupName"]


def test_workflows_start_when_everything_that_they_use_exists(product: Product) -> None:
    assert product.needed("FirstChecks") == set(product.resources) - {"DeletionCheck", "FirstChecks"}
    assert product.needed("FirstRun") == set(product.resources) - {"DeletionCheck", "FirstChecks", "FirstRun"}
    assert product.properties("FirstChecks")["Repository"] == f"acme/{REPOSITORY}"
    assert product.properties("FirstChecks")["Workflow"] == "checks.yml"


def test_the_template_cloner_serves_one_request_of_a_launch_at_a_time(product: Product) -> None:
    asked = [key for key, each in product.resources.items() if each["Type"] in CUSTOM]

    assert product.together(asked) == []


def test_nothing_of_a_project_is_deleted_before_every_account_agrees(product: Product) -> None:
    """CloudFormation deletes in the opposite order of creation."""
    assert product.needed("DeletionCheck") == set(product.resources) - {"DeletionCheck"}
    accounts = {"preprod": "222222222222", "prod": "333333333333"}
    assert product.properties("DeletionCheck")["Accounts"] == accounts
    roles = {key: each for key, each in product.resources.items() if each["Type"] == "Custom::DeploymentRoles"}
    assert {product.properties(key)["Environment"]: product.properties(key)["AccountId"] for key in roles} == accounts


def test_a_project_is_protected_from_its_deletion_also_if_it_was_launched_before_there_was_a_protection(
    product: Product,
) -> None:
    """Service Catalog leaves out a parameter that the project does not have yet, and CloudFormation takes its default."""
    parameter = product.template["Parameters"]["DeletionProtection"]

    assert parameter["Default"] == "on"
    assert parameter["AllowedValues"] == ["on", "off"]
    assert parse_deletion_check(product.properties("DeletionCheck"), "analytics").protects


def test_what_deploys_nothing_is_not_protected(extended: Product) -> None:
    assert "DeletionCheck" not in extended.resources
    assert "DeletionProtection" not in extended.template["Parameters"]


def test_deleting_a_project_takes_its_roles_away_before_its_repository(product: Product) -> None:
    """CloudFormation deletes in the opposite order of creation."""
    for roles in ("PreprodDeploymentRoles", "ProdDeploymentRoles"):
        assert "DeploymentRepository" in product.needed(roles)
        assert roles in product.needed("ProjectParameter")
        assert "DeletionPolicy" not in product.resources[roles]


def test_custom_resources_wait_for_an_answer_and_do_not_hang_for_an_hour(product: Product) -> None:
    for key, resource in product.resources.items():
        if resource["Type"] in CUSTOM:
            assert product.properties(key)["ServiceTimeout"] == ANSWERED_WITHIN
            assert product.properties(key)["ServiceToken"] == CLONER


def test_everything_that_is_new_is_tagged_with_its_project(product: Product) -> None:
    tags = {"sagemaker:project-name": "abalone", "sagemaker:project-id": "p-abcdefghijkl"}

    assert product.properties("ProjectParameter")["Tags"] == tags
    assert {each["Key"]: each["Value"] for each in product.properties("DeploymentCodeRepository")["Tags"]} == tags


def test_people_find_what_was_made_in_the_outputs(product: Product, extended: Product) -> None:
    assert {name: each["Value"] for name, each in product.outputs.items() if name not in extended.outputs} == {
        "DeploymentRepositoryName": f"acme/{REPOSITORY}",
        "DeploymentRepositoryUrl": f"https://github.com/acme/{REPOSITORY}",
        "DeploymentCodeRepositoryName": "deployment-code-repository",
        "PreprodDeploymentRoleArn": "preprod-deployment-role",
        "ProdDeploymentRoleArn": "prod-deployment-role",
    }


def test_the_longest_legal_names_fit_everywhere() -> None:
    longest = Product("model-building-training-deployment", LONGEST_LAUNCH)
    assert len(longest.properties("ProjectParameter")["Value"]) <= 4096, "a standard parameter"
    prefix = f"{'a' * (LONGEST_PREFIX - 9)}-preprod-{PROJECT['SageMakerProjectId']}"

    assert len(longest.properties("DeploymentCodeRepository")["CodeRepositoryName"]) <= 63
    assert len(longest.properties("DeploymentRepository")["Settings"]["preprod"]["state_bucket"]) <= 63
    assert len(f"{prefix}-deployment") <= 64
    assert len(prefix) <= 63, "the endpoint's name"
