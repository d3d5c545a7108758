"""What the platform has prepared for this project: read from project.toml, which the platform writes.

Needs nothing but the standard library, so that a workflow can ask before it has installed anything:
`python3 -m pipeline.project` prints `launched`, `region` and `role` as outputs of a workflow step.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from launched_project.project_file import ProjectError, ProjectFile

from pipeline import REPOSITORY

FILE = REPOSITORY / "project.toml"


@dataclass(frozen=True, kw_only=True)
class Project:
    """Names and places that belong to this project."""

    name: str
    id: str
    region: str
    pipeline_name: str
    pipeline_role_arn: str
    """What the jobs run as."""
    bucket: str
    kms_key_arn: str
    """Encrypts everything that the jobs write, on disk and in S3."""
    model_package_group: str
    subnet_ids: list[str]
    security_group_ids: list[str]
    workflow_role_arn: str
    """What this repository's workflow runs as."""


EXAMPLE = Project(
    name="example",
    id="p-example00000",
    region="eu-west-1",
    pipeline_name="example-p-example00000",
    pipeline_role_arn="arn:aws:iam::111122223333:role/example-pipeline",
    bucket="example-bucket",
    kms_key_arn="arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000",
    model_package_group="example-p-example00000",
    subnet_ids=["subnet-00000000000000000"],
    security_group_ids=["sg-00000000000000000"],
    workflow_role_arn="arn:aws:iam::111122223333:role/example-workflow",
)
"""Stands for a project where nothing is sent to AWS: local runs and tests."""


def read(file: Path | None = None) -> Project:
    """Read project.toml; keys that are not needed here are left to others.

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
        bucket=value("pipeline", "artifact_bucket"),
        kms_key_arn=value("pipeline", "kms_key_arn"),
        model_package_group=value("pipeline", "model_package_group"),
        subnet_ids=value("pipeline", "subnet_ids"),
        security_group_ids=value("pipeline", "security_group_ids"),
        workflow_role_arn=value("workflow", "role_arn"),
    )
    content.check()
    return project


def workflow_outputs(file: Path) -> str:
    """What a workflow needs to know before it can ask AWS for credentials."""
    if not file.is_file():
        return "launched=false\n"
    project = read(file)
    return f"launched=true\nregion={project.region}\nrole={project.workflow_role_arn}\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(workflow_outputs(FILE))
    except ProjectError as error:
        sys.exit(str(error))
