"""The bounds that an account sets to endpoints, told before anything is changed; its roles enforce them."""

from collections.abc import Sequence

from mlops_platform.project import aws
from mlops_platform.release import DeploymentError
from mlops_platform.release.project import Environment, Project


def require_instance_type(project: Project, environment: Environment, instance_type: str) -> None:
    """Check that endpoints may run on a type of instance in an environment's account.

    Raises:
        DeploymentError: they may not; the message says on which they may.
    """
    allowed = _instance_types(project, environment)
    if instance_type not in allowed:
        raise DeploymentError(
            f"[{environment.name}] instance_type {instance_type} in settings.toml is none that the account allows endpoints: use one of "
            f"{', '.join(allowed)}; or add it to workload.endpointInstanceTypes in the settings of the platform's stack of "
            f"{environment.name}, deploy that, and update the project in Service Catalog"
        )


def _instance_types(project: Project, environment: Environment) -> Sequence[str]:
    ssm = aws.client("ssm", project.region)
    name = f"{environment.parameter_path}/endpoints/instance-types"
    return ssm.get_parameter(Name=name)["Parameter"]["Value"].split(",")
