"""Verify that a model version may be deployed."""

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.project.aws import error_code
from mlops_platform.release import DeploymentError
from mlops_platform.release.project import Project

ARN = re.compile(r"arn:[\w-]+:sagemaker:([\w-]+):(\d{12}):model-package/([A-Za-z0-9-]+)/([1-9]\d*)")


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """An approved version of this project's model."""

    arn: str
    version: int
    image: str
    """Of the container that serves it."""
    environment: dict[str, str]
    """Environment variables of that container."""


def verify(sagemaker: Any, project: Project, arn: str) -> ModelVersion:
    """Describe a model package, and make sure that it is this project's, complete and approved now.

    Raises:
        DeploymentError: the version may not be deployed; the message says why.
    """
    version = version_of(project, arn)
    try:
        package = sagemaker.describe_model_package(ModelPackageName=arn)
    except ClientError as error:
        if error_code(error) in ("ValidationException", "ResourceNotFound"):
            raise DeploymentError(f"{arn} does not exist: the version, or its whole group, was deleted") from error
        raise
    status, approval = package["ModelPackageStatus"], package.get("ModelApprovalStatus")
    if status != "Completed":
        raise DeploymentError(f"{arn} is {status}, not Completed")
    if approval != "Approved":
        raise DeploymentError(f"{arn} is {approval}, not Approved: somebody has to approve it in the model registry")
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1:
        raise DeploymentError(f"{arn} has {len(containers)} containers; only models with one can be deployed")
    image, digest = containers[0]["Image"], containers[0].get("ImageDigest")
    if digest:
        # A tag may move; the digest is what was approved.
        registry, slash, repository = image.rpartition("/")
        image = f"{registry}{slash}{repository.partition('@')[0].partition(':')[0]}@{digest}"
    return ModelVersion(arn=arn, version=version, image=image, environment=containers[0].get("Environment", {}))


def version_of(project: Project, arn: str) -> int:
    """Return the number of a version of this project's model.

    Raises:
        DeploymentError: the ARN is malformed, or names something else.
    """
    match = ARN.fullmatch(arn)
    if not match:
        raise DeploymentError(f"{arn!r} is not the ARN of a model package version: …:model-package/GROUP/VERSION")
    region, account, group, version = match.groups()
    if account != project.models_account_id:
        raise DeploymentError(
            f"{arn} is of account {account}; this project's models are in {project.models_account_id}"
        )
    if group != project.package_group:
        raise DeploymentError(
            f"{arn} is of the group {group}, another project's; this one's is {project.package_group}"
        )
    if region != project.region or arn != project.package_arn(int(version)):
        raise DeploymentError(f"{arn} is of another region or partition than {project.package_arn(int(version))}")
    return int(version)
