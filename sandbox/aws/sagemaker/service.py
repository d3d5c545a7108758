"""The operations of SageMaker."""

from sandbox.aws.sagemaker import tags
from sandbox.aws.sagemaker.feature_store import groups as feature_groups
from sandbox.aws.sagemaker.hosting import endpoint_configurations, endpoints, models
from sandbox.aws.sagemaker.jobs import operations as jobs
from sandbox.aws.sagemaker.mlflow import apps as mlflow_apps
from sandbox.aws.sagemaker.pipelines import pipelines
from sandbox.aws.sagemaker.registry import model_package_groups, model_packages
from sandbox.aws.sagemaker.studio import apps, code_repositories, domains, portfolio_status, projects, spaces
from sandbox.aws.service import JsonService

SERVICE = JsonService(
    name="sagemaker",
    target_prefix="SageMaker",
    operations={
        **apps.OPERATIONS,
        **code_repositories.OPERATIONS,
        **domains.OPERATIONS,
        **endpoint_configurations.OPERATIONS,
        **endpoints.OPERATIONS,
        **feature_groups.OPERATIONS,
        **jobs.OPERATIONS,
        **mlflow_apps.OPERATIONS,
        **model_package_groups.OPERATIONS,
        **model_packages.OPERATIONS,
        **models.OPERATIONS,
        **pipelines.OPERATIONS,
        **portfolio_status.OPERATIONS,
        **projects.OPERATIONS,
        **spaces.OPERATIONS,
        **tags.OPERATIONS,
    },
)
