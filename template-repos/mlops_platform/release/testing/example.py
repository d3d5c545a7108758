"""An example project, its project.toml, and its models."""

from mlops_platform.release.project import Environment, Project

PROJECT_TOML = """
[project]
name = "abalone"
id = "p-abcdefghijkl"
arn = "arn:aws:sagemaker:eu-west-1:111111111111:project/abalone"
[template]
kind = "model-deployment-realtime"
[launch]
marker = "p-abcdefghijkl"
[platform]
unit = "analytics"
[models]
account_id = "111111111111"
region = "eu-west-1"
package_group = "abalone-p-abcdefghijkl"
bucket = "analytics-dev-p-abcdefghijkl-111111111111-eu-west-1"
[preprod]
environment = "preprod"
account_id = "222222222222"
prefix = "analytics-preprod"
deployment_role_arn = "arn:aws:iam::222222222222:role/analytics-preprod-p-abcdefghijkl-deployment"
model_role_arn = "arn:aws:iam::222222222222:role/analytics-preprod-p-abcdefghijkl-model"
artifacts_bucket = "analytics-preprod-artifacts-222222222222-eu-west-1"
state_bucket = "analytics-preprod-state-222222222222-eu-west-1"
parameter_path = "/mlops/analytics/preprod"
[prod]
environment = "prod"
account_id = "333333333333"
prefix = "analytics-prod"
deployment_role_arn = "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-deployment"
model_role_arn = "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-model"
artifacts_bucket = "analytics-prod-artifacts-333333333333-eu-west-1"
state_bucket = "analytics-prod-state-333333333333-eu-west-1"
parameter_path = "/mlops/analytics/prod"
"""


def _environment(name: str, account_id: str) -> Environment:
    prefix = f"analytics-{name}"
    return Environment(
        name=name,
        account_id=account_id,
        deployment_name=f"{prefix}-p-abcdefghijkl",
        deployment_role_arn=f"arn:aws:iam::{account_id}:role/{prefix}-p-abcdefghijkl-deployment",
        release_function=f"{prefix}-model-release",
        artifacts_bucket=f"{prefix}-artifacts-{account_id}-eu-west-1",
        state_bucket=f"{prefix}-state-{account_id}-eu-west-1",
        state_key_alias=f"alias/{prefix}-state",
        parameter_path=f"/mlops/analytics/{name}",
    )


PROJECT = Project(
    name="abalone",
    id="p-abcdefghijkl",
    partition="aws",
    unit="analytics",
    region="eu-west-1",
    models_account_id="111111111111",
    package_group="abalone-p-abcdefghijkl",
    environments={"preprod": _environment("preprod", "222222222222"), "prod": _environment("prod", "333333333333")},
)


def model_name(environment: str, version: int) -> str:
    """Return the name of the SageMaker model of a version in an environment."""
    return f"{PROJECT.environments[environment].deployment_name}-approved-v{version}-{version:08x}"
