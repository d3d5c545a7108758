"""Prepare a model version for an environment: verified, and its artifact in the environment's account."""

from dataclasses import dataclass

from mlops_platform.project import aws
from mlops_platform.release import artifact, package
from mlops_platform.release.artifact import Artifact
from mlops_platform.release.package import ModelVersion
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.version import Version


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A model version that may be deployed, and the copy of its artifact."""

    model: ModelVersion
    artifact: Artifact

    @property
    def version(self) -> Version:
        """The version as the Pulumi program gets it."""
        return Version(
            package_arn=self.model.arn,
            version=self.model.version,
            image=self.model.image,
            environment=self.model.environment,
            artifact_uri=self.artifact.uri,
            sha256=self.artifact.sha256,
        )

    @property
    def artifact_row(self) -> str:
        """The artifact's row in a summary."""
        return f"`{self.artifact.uri}` ({'copied' if self.artifact.copied else 'was there'})"


def prepare(project: Project, environment: Environment, arn: str) -> Candidate:
    """Verify a model package, and copy its artifact into the environment's account.

    Raises:
        DeploymentError: the version may not be deployed, or its artifact is not the approved one.
    """
    model = package.verify(aws.client("sagemaker", project.region), project, arn)
    copy = artifact.copy(aws.client("s3", project.region), project, environment, model)
    return Candidate(model=model, artifact=copy)
