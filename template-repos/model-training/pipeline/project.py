"""Read this project's names and roles from project.toml, which the platform writes.

Needs only the standard library, so that a workflow can run it before anything is installed:
`python3 -m pipeline.project` prints `launched`, `region`, `role` and `trial_role` as outputs of a step.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from mlops_platform import REPOSITORY
from mlops_platform.project.project_file import ProjectError, ProjectFile

FILE = REPOSITORY / "project.toml"


@dataclass(frozen=True, kw_only=True)
class Project:
    """Names and roles that belong to this project."""

    name: str
    id: str
    region: str
    pipeline_name: str
    pipeline_role_arn: str
    """Role that starts the jobs and registers the model."""
    job_role_arn: str
    """Role of the jobs, and so of the code in `steps/`."""
    bucket: str
    kms_key_arn: str
    """Encrypts everything that the jobs write, on disk and in S3."""
    model_package_group: str
    subnet_ids: list[str]
    security_group_ids: list[str]
    workflow_role_arn: str
    """Role of this repository's workflow."""
    trial_role_arn: str
    """Role of the workflow of pull requests."""
    trial_job_role_arn: str
    """Role of their pipelines and jobs."""
    images_account_id: str
    """The account that owns SageMaker's images in this region."""
    trial: int | None = None
    """Number of the pull request that this is a trial of; None for the pipeline of main."""

    @property
    def storage(self) -> str:
        """S3 URI below which the pipeline's code, data and results are."""
        return f"s3://{self.bucket}" if self.trial is None else f"s3://{self.bucket}/trials/{self.trial}"


EXAMPLE = Project(
    name="example",
    id="p-example00000",
    region="eu-west-1",
    pipeline_name="example-p-example00000",
    pipeline_role_arn="arn:aws:iam::111122223333:role/example-pipeline",
    job_role_arn="arn:aws:iam::111122223333:role/example-job",
    bucket="example-bucket",
    kms_key_arn="arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000",
    model_package_group="example-p-example00000",
    subnet_ids=["subnet-00000000000000000"],
    security_group_ids=["sg-00000000000000000"],
    workflow_role_arn="arn:aws:iam::111122223333:role/example-workflow",
    trial_role_arn="arn:aws:iam::111122223333:role/example-trial",
    trial_job_role_arn="arn:aws:iam::111122223333:role/example-trial-job",
    images_account_id="111122223333",
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
        trial_job_role_arn=value("trial", "job_role_arn"),
        images_account_id=value("images", "account_id"),
    )
    content.check()
    return project


def workflow_outputs(file: Path) -> str:
    """Return the outputs that a workflow needs before it can get credentials of AWS."""
    if not file.is_file():
        return "launched=false\n"
    project = read(file)
    roles = f"role={project.workflow_role_arn}\ntrial_role={project.trial_role_arn}\n"
    return f"launched=true\nregion={project.region}\n{roles}"


if __name__ == "__main__":
    try:
        sys.stdout.write(workflow_outputs(FILE))
    except ProjectError as error:
        sys.exit(str(error))
