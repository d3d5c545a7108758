"""Read the names and roles of a deployment project from project.toml, which the platform writes.

Needs only the standard library, so that a workflow can run it before anything is installed:
`python3 -m mlops_platform.release.project` prints `launched`, `region`, the deployment roles and the branch that deploys to production
as outputs of a step.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from mlops_platform import REPOSITORY
from mlops_platform.project.project_file import ProjectError, ProjectFile

FILE = REPOSITORY / "project.toml"
ENVIRONMENTS = ("preprod", "prod")
MAIN = "main"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An account in which models of this project are deployed."""

    name: str
    account_id: str
    deployment_name: str
    """Name of the deployed resource, and prefix of the names of all others."""
    deployment_role_arn: str
    """Role of this repository's workflow."""
    release_function: str
    """Lambda function that makes the models of approved versions in the account."""
    artifacts_bucket: str
    state_bucket: str
    state_key_alias: str
    parameter_path: str
    """Path of the parameters that name the account's network, key and topic."""
    branch: str = MAIN
    """The branch whose jobs alone enter the environment."""
    release_managers: tuple[str, ...] = ()
    """Those who approve pull requests to that branch, if it is not main."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """Names and accounts that belong to this project."""

    name: str
    id: str
    partition: str
    unit: str
    region: str
    models_account_id: str
    """The account in which models are registered and approved."""
    package_group: str
    environments: dict[str, Environment]

    def package_arn(self, version: int) -> str:
        """Return the ARN of a version of this project's model."""
        group = f"model-package/{self.package_group}"
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.models_account_id}:{group}/{version}"


def read(file: Path | None = None) -> Project:
    """Read project.toml; other keys than those needed here are ignored.

    Raises:
        ProjectError: the file is missing, or lacks something; the message lists everything it lacks.
    """
    content = ProjectFile(file or FILE)
    value = content.value
    project_id = value("project", "id")
    environments = {
        name: Environment(
            name=value(name, "environment"),
            account_id=value(name, "account_id"),
            deployment_name=f"{value(name, 'prefix')}-{project_id}",
            deployment_role_arn=value(name, "deployment_role_arn"),
            release_function=f"{value(name, 'prefix')}-model-release",
            artifacts_bucket=value(name, "artifacts_bucket"),
            state_bucket=value(name, "state_bucket"),
            state_key_alias=f"alias/{value(name, 'prefix')}-state",
            parameter_path=value(name, "parameter_path"),
            branch=content.optional(name, "branch", MAIN),
            release_managers=tuple(content.optional(name, "release_managers", ())),
        )
        for name in ENVIRONMENTS
    }
    project = Project(
        name=value("project", "name"),
        id=project_id,
        partition=(value("project", "arn") or "arn:").split(":")[1],
        unit=value("platform", "unit"),
        region=value("models", "region"),
        models_account_id=value("models", "account_id"),
        package_group=value("models", "package_group"),
        environments=environments,
    )
    content.check()
    return project


def workflow_outputs(file: Path) -> str:
    """Return the outputs that a workflow needs before it can get credentials of AWS."""
    if not file.is_file():
        return "launched=false\n"
    project = read(file)
    roles = "".join(f"{name}_role={each.deployment_role_arn}\n" for name, each in project.environments.items())
    return f"launched=true\nregion={project.region}\n{roles}prod_branch={project.environments['prod'].branch}\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(workflow_outputs(FILE))
    except ProjectError as error:
        sys.exit(str(error))
