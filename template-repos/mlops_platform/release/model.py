"""Ask the account's release function for the model of a version.

The function verifies that the version is approved and that a release manager of the account let the job in, copies its artifact
into the account, and makes the SageMaker model. A repository cannot make one itself. Asking again changes nothing and gives the
same model.
"""

from typing import Any

from mlops_platform.release import DeploymentError, release_function
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.version import Version, version_of


def release(project: Project, environment: Environment, arn: str) -> Version:
    """Return a model version of this project with its model in the environment's account.

    Raises:
        DeploymentError: the version may not be released; the message says why.
    """
    answer = _answer(project, environment, arn)
    return Version(
        package_arn=answer["model_package_arn"],
        version=version_of(project, arn),
        model_name=answer["model_name"],
        artifact_uri=answer["artifact_uri"],
        sha256=answer["sha256"],
    )


def require_artifact(project: Project, environment: Environment, arn: str, sha256: str) -> None:
    """Check that the artifact of a version is the one whose digest was approved with it.

    Raises:
        DeploymentError: it is another one, or the version may not be released.
    """
    found = _answer(project, environment, arn)["sha256"]
    if found != sha256:
        raise DeploymentError(
            f"the artifact of {arn} has the SHA-256 {found}, and {sha256} was approved: nothing was deployed"
        )


def _answer(project: Project, environment: Environment, arn: str) -> dict[str, Any]:
    return _ask(project, environment, {"version": version_of(project, arn)})


def require_release(project: Project, environment: Environment) -> None:
    """Make sure that those who let the job in may let in a retirement, too: the account's settings say so now.

    Raises:
        DeploymentError: they may not; the message says why.
    """
    _ask(project, environment, {"action": "retire"})


def _ask(project: Project, environment: Environment, question: dict[str, Any]) -> dict[str, Any]:
    return release_function.ask(project.region, environment.release_function, project.package_group, question)
