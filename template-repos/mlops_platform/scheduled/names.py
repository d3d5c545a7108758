"""Names of what belongs to a scheduled pipeline in an account; the policies of the project's roles know them, too."""

from dataclasses import dataclass

from mlops_platform.release.project import Environment, Project


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names in one environment of a project."""

    project: Project
    environment: Environment
    purpose: str
    """Last part of the pipeline's name."""

    @property
    def pipeline(self) -> str:
        """The pipeline; the schedule, its group and the alarms are called like it, too."""
        return f"{self.environment.deployment_name}-{self.purpose}"

    @property
    def dead_letters(self) -> str:
        """The queue of the starts that failed."""
        return f"{self.pipeline}-dead-letters"

    @property
    def pipeline_role_arn(self) -> str:
        """The role that starts the pipeline's jobs."""
        return self.role_arn(self.purpose)

    @property
    def schedule_role_arn(self) -> str:
        """The role under which the schedule starts the pipeline."""
        return self.role_arn("schedule")

    @property
    def bucket(self) -> str:
        """The bucket of the project's data in the account."""
        return self.environment.artifacts_bucket

    @property
    def folder(self) -> str:
        """Beginning of the keys of the pipeline's own objects, without a slash at its end."""
        return f"{self.project.id}/{self.purpose}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags by which the project's jobs are known, also to the policy of the role that starts them."""
        return {"sagemaker:project-name": self.project.name, "sagemaker:project-id": self.project.id}

    def uri(self, *path: str) -> str:
        """Return the S3 URI of a place in the pipeline's folder."""
        return "/".join([f"s3://{self.bucket}/{self.folder}", *path])

    def role_arn(self, purpose: str) -> str:
        """Return the ARN of one of the project's roles."""
        place = f"arn:{self.project.partition}:iam::{self.environment.account_id}:role"
        return f"{place}/{self.environment.deployment_name}-{purpose}"
