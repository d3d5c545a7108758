"""Names of what belongs to a batch in an account; the policies of the project's roles know them, too."""

from dataclasses import dataclass

from mlops_platform.release.project import Environment, Project


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names in one environment of a project."""

    project: Project
    environment: Environment

    @property
    def pipeline(self) -> str:
        """The pipeline; the schedule, its group, the alarms and the dashboard are called like it, too."""
        return f"{self.environment.deployment_name}-batch"

    @property
    def dead_letters(self) -> str:
        """The queue of the starts that failed."""
        return f"{self.pipeline}-dead-letters"

    @property
    def jobs_role_arn(self) -> str:
        """The role that starts the pipeline's jobs; they run under the model's role."""
        return self._role("batch")

    @property
    def schedule_role_arn(self) -> str:
        """The role under which the schedule starts the pipeline."""
        return self._role("schedule")

    @property
    def bucket(self) -> str:
        """The bucket of the project's data in the account."""
        return self.environment.artifacts_bucket

    @property
    def folder(self) -> str:
        """Beginning of the keys of all of the batch's objects, without a slash at its end."""
        return f"{self.project.id}/batch"

    def uri(self, *path: str) -> str:
        """Return the S3 URI of a place in the batch's folder."""
        return "/".join([f"s3://{self.bucket}/{self.folder}", *path])

    def _role(self, purpose: str) -> str:
        place = f"arn:{self.project.partition}:iam::{self.environment.account_id}:role"
        return f"{place}/{self.environment.deployment_name}-{purpose}"
