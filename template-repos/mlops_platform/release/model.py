"""Ask the account's release function for the model of a version.

The function verifies that the version is approved and that a release manager of the account let the job in, copies its artifact
into the account, and makes the SageMaker model. A repository cannot make one itself. Asking again changes nothing and gives the
same model.
"""

import logging
import os
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mlops_platform.release import DeploymentError, release_function
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.version import Version, version_of

logger = logging.getLogger(__name__)


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


def note_serving(project: Project, environment: Environment, arn: str) -> None:
    """Have the model registry show that production serves a version; elsewhere nothing is shown. A failure is told, and fails nothing.

    The version serves by now. The next deployment notes it anew.
    """
    _note(project, environment, {"action": "serves", "version": version_of(project, arn)})


def note_retired(project: Project, environment: Environment) -> None:
    """Have the model registry show that production serves no version any more; as `note_serving`."""
    _note(project, environment, {"action": "retired"})


def _note(project: Project, environment: Environment, question: dict[str, Any]) -> None:
    try:
        answer = _ask(project, environment, question)
    except (DeploymentError, BotoCoreError, ClientError) as error:
        _warn(f"{environment.name} is as it should be, and the model registry does not show it: {error}")
        return
    if serving := answer.get("serving"):
        logger.info("the model registry shows %s in production", serving)
    if left := answer.get("left"):
        _warn(
            f"the model registry still shows {', '.join(left)} in production, too: somebody has decided about it since"
        )


def _warn(text: str) -> None:
    """Log a warning, which GitHub shows on the page of the run, too."""
    logger.warning(text)
    if os.environ.get("GITHUB_ACTIONS"):
        sys.stdout.write(f"::warning::{' '.join(text.split())}\n")


def _ask(project: Project, environment: Environment, question: dict[str, Any]) -> dict[str, Any]:
    return release_function.ask(project.region, environment.release_function, project.package_group, question)
