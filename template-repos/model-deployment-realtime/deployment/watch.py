"""Prepare what watches an endpoint before the program declares it, and check afterwards that it is what was asked for."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.project import aws
from mlops_platform.project.aws import error_code
from mlops_platform.release.project import Environment, Project
from mlops_platform.release.version import Version
from mlops_platform.scheduled.code import data_key, upload_code
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.live import Live
from mlops_platform.scheduled.names import Names
from watching import PURPOSE
from watching.places import PLACEHOLDER, TEXT, captured_key, truth_key


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The pipeline that watches an endpoint, and its schedule."""

    live: Live
    every_hours: int
    """0 when nothing is watched."""

    @property
    def existing(self) -> dict[str, str]:
        """The resources with fixed names that exist, as `Stack.recover` takes them."""
        return self.live.existing()

    def prepare(self, version: Version) -> dict[str, Any]:
        """Upload code and placeholders, and return the program's configuration."""
        if not self.every_hours:
            return {}
        names = self.live.names
        model = self.live.sagemaker.describe_model(ModelName=version.model_name)
        key_arn = data_key(names)
        for folder in (captured_key(names.project, version.version), truth_key(names.project)):
            _place(names, folder, key_arn)
        return {"container": Container.described(model).configuration(), "code": upload_code(names, key_arn)}

    def require(self, outputs: dict[str, Any]) -> None:
        """Make sure that the version that serves is watched, by the outputs of the program.

        Raises:
            DeploymentError: another version is watched, or nothing is.
        """
        if self.every_hours:
            self.live.require(outputs["watchDefinition"])


def watch_of(owner: Project, environment: Environment, every_hours: int) -> Watch:
    """Return what watches the endpoint of an environment."""
    live = Live(
        names=Names(project=owner, environment=environment, purpose=PURPOSE),
        sagemaker=aws.client("sagemaker", owner.region),
        scheduler=aws.client("scheduler", owner.region),
    )
    return Watch(live=live, every_hours=every_hours)


def _place(names: Names, folder: str, key_arn: str) -> None:
    """Put a placeholder into a folder, unless it is there."""
    try:
        aws.client("s3", names.project.region).put_object(
            Bucket=names.bucket,
            Key=f"{folder}/{PLACEHOLDER}",
            Body=TEXT,
            IfNoneMatch="*",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=key_arn,
        )
    except ClientError as error:
        if error_code(error) != "PreconditionFailed":
            raise
