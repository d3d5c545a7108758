"""SageMaker, one concept per module; each lists the operations that it answers."""

from sandbox.aws.sagemaker import (
    code_repositories,
    endpoint_configurations,
    endpoints,
    jobs,
    models,
    pipelines,
    portfolio_status,
    projects,
    registry,
    studio,
    tags,
)
from sandbox.aws.service import JsonService

SERVICE = JsonService(
    name="sagemaker",
    target_prefix="SageMaker",
    operations={
        **code_repositories.OPERATIONS,
        **endpoint_configurations.OPERATIONS,
        **endpoints.OPERATIONS,
        **jobs.OPERATIONS,
        **models.OPERATIONS,
        **pipelines.OPERATIONS,
        **portfolio_status.OPERATIONS,
        **projects.OPERATIONS,
        **registry.OPERATIONS,
        **studio.OPERATIONS,
        **tags.OPERATIONS,
    },
)
