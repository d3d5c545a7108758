"""Read this project's names and roles from project.toml, which the platform writes.

Needs only the standard library, so that a workflow can run it before anything is installed:
`python3 -m pipeline.project` prints `launched`, `region`, `role`, `trial_role` and `mlflow` as outputs of a step.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from mlops_platform import REPOSITORY
from mlops_platform.project import settings_file
from mlops_platform.project.project_file import ProjectError, ProjectFile
from mlops_platform.project.settings_file import SettingsError
from pipeline import names
from pipeline.names import Names

FILE = REPOSITORY / "project.toml"
SETTINGS = REPOSITORY / "settings.toml"


@dataclass(frozen=True, kw_only=True)
class Project(Names):
    """Names and roles that belong to this project."""

    bucket: str
    workflow_role_arn: str
    """Role of this repository's workflow."""
    trial_role_arn: str
    """Role of the workflow of pull requests."""
    trial_pipeline_role_arn: str
    """Role that starts the jobs of their pipelines."""
    trial_job_role_arn: str
    """Role of those jobs."""
    mlflow_app_arn: str
    """The account's MLflow app; empty if the platform has none, or had none when it wrote project.toml."""

    @property
    def storage(self) -> str:
        """S3 URI below which the pipeline's code, data and results are."""
        return f"s3://{self.bucket}" if self.trial is None else f"s3://{self.bucket}/trials/{self.trial}"


EXAMPLE = Project(
    **names.EXAMPLE,
    bucket="example-bucket",
    workflow_role_arn="arn:aws:iam::111122223333:role/example-workflow",
    trial_role_arn="arn:aws:iam::111122223333:role/example-trial",
    trial_pipeline_role_arn="arn:aws:iam::111122223333:role/example-trial-steps",
    trial_job_role_arn="arn:aws:iam::111122223333:role/example-trial-job",
    mlflow_app_arn="arn:aws:sagemaker:eu-west-1:111122223333:mlflow-app/app-EXAMPLE",
)
"""A project for local runs and tests, where nothing is sent to AWS."""


def read(file: Path | None = None) -> Project:
    """Read project.toml; other keys than those needed here are ignored.

    Raises:
        ProjectError: the file is missing, or lacks something; the message lists everything it lacks.
    """
    content = ProjectFile(file or FILE)
    value = content.value
    project = Project(
        name=value("project", "name"),
        id=value("project", "id"),
        region=value("aws", "region"),
        pipeline_name=value("pipeline", "name"),
        pipeline_role_arn=value("pipeline", "role_arn"),
        job_role_arn=value("pipeline", "job_role_arn"),
        bucket=value("pipeline", "artifact_bucket"),
        kms_key_arn=value("pipeline", "kms_key_arn"),
        model_package_group=value("pipeline", "model_package_group"),
        subnet_ids=value("pipeline", "subnet_ids"),
        security_group_ids=value("pipeline", "security_group_ids"),
        workflow_role_arn=value("workflow", "role_arn"),
        trial_role_arn=value("trial", "role_arn"),
        trial_pipeline_role_arn=value("trial", "pipeline_role_arn"),
        trial_job_role_arn=value("trial", "job_role_arn"),
        images_account_id=value("images", "account_id"),
        mlflow_app_arn=content.optional("tracking", "mlflow_app_arn", ""),
    )
    content.check()
    return project


def workflow_outputs(file: Path, settings: Path) -> str:
    """Return the outputs that a workflow needs before it has installed anything, or can get credentials of AWS."""
    if not file.is_file():
        return "launched=false\n"
    project = read(file)
    roles = f"role={project.workflow_role_arn}\ntrial_role={project.trial_role_arn}\n"
    # Whatever else stands there is refused by the next command, which reads all settings.
    mlflow = settings_file.load(settings).get("tracking", {}).get("mlflow") is True
    return f"launched=true\nregion={project.region}\n{roles}mlflow={json.dumps(mlflow)}\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(workflow_outputs(FILE, SETTINGS))
    except (ProjectError, SettingsError) as error:
        sys.exit(str(error))
