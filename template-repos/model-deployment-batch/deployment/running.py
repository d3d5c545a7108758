"""The version that the deployed pipeline names."""

import json
from typing import Any

from mlops_platform.pipeline.expressions import Json
from mlops_platform.release import DeploymentError
from mlops_platform.scheduled.live import Live


def running_version(live: Live) -> str:
    """Return the ARN of the version that runs.

    Raises:
        DeploymentError: nothing is deployed.
    """
    pipeline = live.pipeline()
    if pipeline is None:
        raise DeploymentError(f"nothing is deployed to {live.names.environment.name}: deploy a version first")
    return version_in(json.loads(pipeline["PipelineDefinition"]))


def version_in(definition: Json) -> str:
    """Return the ARN of the version that a definition names."""
    options: list[Any] = definition["Steps"][0]["Arguments"]["AppSpecification"]["ContainerArguments"]
    return options[options.index("--model-package-arn") + 1]
