"""Ask the account's release function for the model of a version.

The function verifies that the version is approved, copies its artifact into the account, and makes the SageMaker model.
A repository cannot make one itself. Asking again changes nothing and gives the same model.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.project import aws
from mlops_platform.project.aws import error_code
from mlops_platform.release import DeploymentError
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.version import Version, version_of

SECONDS = 310
"""Longest wait for the answer: a little longer than the function may run."""


def release(project: Project, environment: Environment, arn: str) -> Version:
    """Return a model version of this project with its model in the environment's account.

    Raises:
        DeploymentError: the version may not be released; the message says why.
    """
    number = version_of(project, arn)
    client = aws.client("lambda", project.region, attempts=2, read_timeout_seconds=SECONDS)
    answer = _invoke(client, environment.release_function, project.package_group, number)
    if "refused" in answer:
        raise DeploymentError(answer["refused"])
    return Version(
        package_arn=answer["model_package_arn"],
        version=number,
        model_name=answer["model_name"],
        artifact_uri=answer["artifact_uri"],
        sha256=answer["sha256"],
    )


def _invoke(client: Any, function: str, alias: str, version: int) -> dict[str, Any]:
    try:
        answer = client.invoke(FunctionName=function, Qualifier=alias, Payload=json.dumps({"version": version}))
    except ClientError as error:
        if error_code(error) in ("AccessDeniedException", "ResourceNotFoundException"):
            raise DeploymentError(
                f"this repository may not release models by {function}:{alias}: the account's platform, or the project's "
                f"product in Service Catalog, is older than this repository ({error})"
            ) from error
        raise
    content = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DeploymentError(f"{function} failed, its log says why: {content.get('errorMessage', content)}")
    return content
