"""The function and the templates of projects understand each other."""

from functions.project_onboarding.request import parse_request
from functions.template_cloner.properties import (
    parse_deletion_check,
    parse_deployment_roles,
    parse_first_run,
    parse_project,
)
from tests.products.product import Launch, Product, launched
from tests.products.test_model_building_training import ACCOUNT, JOB_ROLE, KEY, LONGEST, PIPELINE_ROLE, SAGEMAKER


def test_the_cloner_accepts_the_requests_of_the_training_template() -> None:
    product = launched("model-building-training")

    project = parse_project(product.properties("Repository"), "acme")
    run = parse_first_run(product.properties("FirstRun"), "acme")

    assert project.full_name == run.repository
    assert run.workflow == "train.yml"
    assert project.environments == ("dev",)
    assert project.settings == {
        "project": {"arn": f"{SAGEMAKER}:project/abalone"},
        "aws": {"region": "eu-west-1", "account_id": ACCOUNT},
        "images": {"account_id": "141502667606"},
        "pipeline": {
            "name": "abalone-p-abcdefghijkl",
            "role_arn": PIPELINE_ROLE,
            "job_role_arn": JOB_ROLE,
            "artifact_bucket": f"analytics-dev-p-abcdefghijkl-{ACCOUNT}-eu-west-1",
            "kms_key_arn": KEY,
            "model_package_group": "abalone-p-abcdefghijkl",
            "subnet_ids": ["subnet-1", "subnet-2"],
            "security_group_ids": ["sg-1"],
        },
        "workflow": {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-workflow"},
        "trial": {
            "role_arn": f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-trial",
            "pipeline_role_arn": f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-trial-steps",
            "job_role_arn": f"arn:aws:iam::{ACCOUNT}:role/analytics-dev-p-abcdefghijkl-trial-job",
        },
    }


def test_the_cloner_accepts_the_requests_of_the_deployment_template() -> None:
    product = launched("model-building-training-deployment")

    project = parse_project(product.properties("DeploymentRepository"), "acme")
    checks = parse_first_run(product.properties("FirstChecks"), "acme")
    preprod, prod = (
        parse_deployment_roles(product.properties(key), "analytics")
        for key in ("PreprodDeploymentRoles", "ProdDeploymentRoles")
    )

    assert project.full_name == checks.repository
    assert project.environments == ("preprod", "prod")
    assert project.released == ("prod",)
    assert project.users == ("ada", "grace", "mary")
    assert (preprod.name, preprod.account_id) == ("analytics-preprod-p-abcdefghijkl", "222222222222")
    assert (prod.name, prod.account_id) == ("analytics-prod-p-abcdefghijkl", "333333333333")
    assert (prod.repository_name, prod.repository_id) == (project.name, "2006")
    check = parse_deletion_check(product.properties("DeletionCheck"), "analytics")
    assert [(each.name, each.account_id) for each in check.accounts] == [
        (each.name, each.account_id) for each in (preprod, prod)
    ]


def test_the_cloner_and_the_accounts_accept_the_requests_of_the_template_of_a_promoted_pipeline() -> None:
    product = launched("pipeline-promotion")

    project = parse_project(product.properties("Repository"), "acme")
    run = parse_first_run(product.properties("FirstRun"), "acme")

    assert (project.full_name, run.workflow) == (run.repository, "deploy.yml")
    assert (project.environments, project.released) == (("dev", "preprod", "prod"), ("prod",))
    for key, name in (("PreprodDeploymentRoles", "preprod"), ("ProdDeploymentRoles", "prod")):
        roles = parse_deployment_roles(product.properties(key), "analytics")
        assert roles.name == f"analytics-{name}-p-abcdefghijkl"
        asked = parse_request(
            {
                "action": "onboard",
                "project_name": roles.project_name,
                "project_id": roles.project_id,
                "launch": "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-x/1",
                "repository_name": roles.repository_name,
                "repository_id": roles.repository_id,
            }
        )
        assert asked.repository is not None
        assert asked.repository.kind == "pipeline-promotion"


def test_the_longest_name_of_a_project_makes_a_repository_name_that_github_accepts() -> None:
    product = Product("model-building-training-deployment", Launch(parameters=LONGEST))

    for repository in ("Repository", "DeploymentRepository"):
        assert len(parse_project(product.properties(repository), "a" * 39).name) <= 100
