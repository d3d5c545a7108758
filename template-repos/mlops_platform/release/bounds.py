"""The bounds that an account sets to what projects run there, told before anything is changed; its roles enforce them."""

from collections.abc import Sequence

from mlops_platform.project import aws
from mlops_platform.release import DeploymentError
from mlops_platform.release.project import Environment, Project

ENDPOINTS, BATCHES = "endpoints", "batches"
SETTINGS = {ENDPOINTS: "endpointInstanceTypes", BATCHES: "batchInstanceTypes"}
"""Settings of the platform that allow types of instances, by what runs on them."""


def require_instance_type(
    project: Project, environment: Environment, running: str, instance_type: str, section: str
) -> None:
    """Check that what is `running`, as a section of settings.toml says, may run on a type of instance in an environment's account.

    Raises:
        DeploymentError: it may not; the message says on which it may.
    """
    allowed = _instance_types(project, environment, running)
    if instance_type not in allowed:
        raise DeploymentError(
            f"[{section}] instance_type {instance_type} in settings.toml is none that {environment.name}'s account allows {running}: use one of "
            f"{', '.join(allowed)}; or add it to workload.{SETTINGS[running]} in the settings of the platform's stack of "
            f"{environment.name}, deploy that, and update the project in Service Catalog"
        )


def _instance_types(project: Project, environment: Environment, running: str) -> Sequence[str]:
    ssm = aws.client("ssm", project.region)
    name = f"{environment.parameter_path}/{running}/instance-types"
    return ssm.get_parameter(Name=name)["Parameter"]["Value"].split(",")
