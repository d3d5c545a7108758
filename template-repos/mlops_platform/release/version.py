"""The model version that a Pulumi program deploys."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mlops_platform.release import DeploymentError
from mlops_platform.release.project import Project

ARN = re.compile(r"arn:[\w-]+:sagemaker:([\w-]+):(\d{12}):model-package/([A-Za-z0-9-]+)/([1-9]\d*)")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A released version, as the deploy command passes it to the program in the configuration."""

    package_arn: str
    version: int
    model_name: str
    """SageMaker model of the version in the environment's account."""
    artifact_uri: str
    """Copy of its artifact there."""
    sha256: str
    """Of the artifact, in hexadecimal digits."""

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read a value of the configuration."""
        return cls(**json.loads(text))

    def configuration(self) -> Mapping[str, Any]:
        """Return the value of the configuration."""
        return asdict(self)


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
