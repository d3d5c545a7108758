"""Read this project's names and roles from project.toml, which the platform writes.

`python3 -m pipeline.project` needs only the standard library, so that a workflow can run it before anything is installed: it
prints `launched`, `region` and the roles of each environment as outputs of a step.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_platform import REPOSITORY
from mlops_platform.project.project_file import ProjectError, ProjectFile
from pipeline import names
from pipeline.names import Names

FILE = REPOSITORY / "project.toml"
ENVIRONMENTS = ("dev", "preprod", "prod")
"""In the order in which a commit reaches them."""


@dataclass(frozen=True, kw_only=True)
class Project(Names):
    """Names and roles that belong to this project in one environment."""

    environment: str
    storage: str
    """S3 URI below which everything of the pipeline is kept in this environment's account."""
    schedule_group: str
    schedule_role_arn: str
    """Role that EventBridge Scheduler starts the pipeline with."""
    dead_letters_arn: str
    """Queue of starts that failed for good."""
    release_function: str | None
    """Function by which the account says who may release there; None in dev, where nobody has to."""


EXAMPLE = Project(
    **names.EXAMPLE,
    environment="dev",
    storage="s3://example-bucket/p-example00000",
    schedule_group="example-p-example00000",
    schedule_role_arn="arn:aws:iam::111122223333:role/example-schedule",
    dead_letters_arn="arn:aws:sqs:eu-west-1:111122223333:example-p-example00000-dead-letters",
    release_function=None,
)
"""A project for local runs and tests, where nothing is sent to AWS."""


def read(environment: str, parameter: Callable[[str, str], str], file: Path | None = None) -> Project:
    """Read project.toml; other keys than those needed here are ignored.

    Args:
        environment: the environment.
        parameter: returns the value of a parameter of the environment's account, by region and name. The platform publishes there
            what only it knows: its key and its network.
        file: the file; that of this repository by default.

    Raises:
        ProjectError: the file is missing, or lacks something; the message lists everything it lacks.
    """
    content = ProjectFile(file or FILE)
    value = content.value
    region, path = value("aws", "region"), value(environment, "parameter_path")
    account_id, prefix = value(environment, "account_id"), value(environment, "prefix")
    platform = prefix.removesuffix(f"-{value('project', 'id')}")
    role = f"arn:aws:iam::{account_id}:role/{prefix}"
    known = {
        "name": value("project", "name"),
        "id": value("project", "id"),
        "pipeline_name": value("pipeline", "name"),
        "model_package_group": value("pipeline", "model_package_group"),
        "images_account_id": value("images", "account_id"),
        "storage": f"s3://{value(environment, 'bucket')}",
        "pipeline_role_arn": f"{role}-pipeline",
        "job_role_arn": f"{role}-job",
        "schedule_role_arn": f"{role}-schedule",
        "schedule_group": prefix,
        "dead_letters_arn": f"arn:aws:sqs:{region}:{account_id}:{prefix}-dead-letters",
    }
    content.check()
    return Project(
        environment=environment,
        region=region,
        kms_key_arn=parameter(region, f"{path}/encryption/data-key-arn"),
        subnet_ids=parameter(region, f"{path}/network/private-subnet-ids").split(","),
        security_group_ids=[parameter(region, f"{path}/network/workload-security-group-id")],
        release_function=None if environment == "dev" else f"{platform}-model-release",
        **known,
    )


def workflow_outputs(file: Path) -> str:
    """Return the outputs that a workflow needs before it can get credentials of AWS."""
    if not file.is_file():
        return "launched=false\n"
    content = ProjectFile(file)
    region = content.value("aws", "region")
    roles: dict[str, str] = {}
    for name in ENVIRONMENTS:
        roles[f"{name}_workflow"] = content.value(name, "workflow_role_arn")
        roles[f"{name}_preview"] = (
            f"arn:aws:iam::{content.value(name, 'account_id')}:role/{content.value(name, 'prefix')}-preview"
        )
    content.check()
    return f"launched=true\nregion={region}\n" + "".join(f"{name}={role}\n" for name, role in roles.items())


if __name__ == "__main__":
    try:
        sys.stdout.write(workflow_outputs(FILE))
    except ProjectError as error:
        sys.exit(str(error))
