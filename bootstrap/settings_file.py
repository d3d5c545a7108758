"""`describe` and `stacks`: facts from the stacks' settings that a workflow needs before it can log in to an account."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from bootstrap import regions, stack_file
from bootstrap.errors import BootstrapError
from bootstrap.names import Names

NAMESPACE = "mlops-platform"
ENVIRONMENTS = ("dev", "preprod", "prod")
"""Environments that the deploy workflow has jobs for, in order of deployment."""


def describe(file: Path) -> Mapping[str, str]:
    """Return unit, environment, region, account and roles of the stack whose settings are in `file`.

    Raises:
        BootstrapError: the file cannot be read, or lacks one of them, or the platform does not work in the region.
    """
    settings = _settings(file)
    wanted = ("unit", "environment", "region", "accountId")
    missing = [name for name in wanted if not isinstance(settings.get(name), str)]
    if missing:
        raise BootstrapError(f"{file}: give {', '.join(f'{NAMESPACE}:{name}' for name in missing)} as text, in quotes.")
    unit, environment, region, account_id = (str(settings[name]) for name in wanted)
    names = Names(unit=unit, environment=environment)
    regions.require(region)
    return {
        "unit": unit,
        "environment": environment,
        "region": region,
        "account_id": account_id,
        "deploy_role_arn": f"arn:aws:iam::{account_id}:role/{names.deploy_role}",
        "preview_role_arn": f"arn:aws:iam::{account_id}:role/{names.preview_role}",
        "drift_role_arn": f"arn:aws:iam::{account_id}:role/{names.drift_role}",
    }


def stacks_by_environment(folder: Path) -> Mapping[str, Sequence[str]]:
    """Return the stacks whose settings are in `folder`, by the environment that they are deployed to.

    Raises:
        BootstrapError: a file cannot be read, or belongs to an environment that would never be deployed.
    """
    found: dict[str, list[str]] = {environment: [] for environment in ENVIRONMENTS}
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        environment = describe(file)["environment"]
        if environment not in found:
            raise BootstrapError(
                f"{file.name} belongs to the environment {environment}, which no job deploys: add a job for it to "
                ".github/workflows/deploy.yml, or rename the environment."
            )
        found[environment].append(file.name.removeprefix("Pulumi.").removesuffix(".yaml"))
    return found


def of_environment(names: Names, folder: Path) -> Mapping[str, object] | None:
    """Return the settings in `folder` of the stack of that environment, or None if no file there has them."""
    return of_unit(names.unit, folder).get(names.environment)


def of_unit(unit: str, folder: Path) -> dict[str, Mapping[str, object]]:
    """Return the settings in `folder` of each stack of a unit, by its environment; files that cannot be read are left out."""
    found: dict[str, Mapping[str, object]] = {}
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            settings = _settings(file)
        except BootstrapError:
            continue
        if settings.get("unit") == unit:
            found.setdefault(str(settings.get("environment")), settings)
    return found


def parts(settings: Mapping[str, object]) -> str:
    """Return the parts of the platform that an environment has by its settings, as `bootstrap.yaml` names them."""
    match "development" in settings, "workload" in settings:
        case True, True:
            return "both"
        case True, False:
            return "development"
        case False, True:
            return "workload"
        case _:
            return "none"


def publishes_templates(settings: Mapping[str, object]) -> bool:
    """Whether a stack's settings have it create the organization's template repositories and rules."""
    if "development" not in settings:
        return False
    projects = _mapping(section(settings, "development").get("projects"))
    return projects.get("publishTemplateRepositories") is not False


def section(settings: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a section of a stack's settings; empty when they have none of that name."""
    return _mapping(settings.get(name))


def _settings(file: Path) -> Mapping[str, object]:
    """Return the settings in `file`, their keys without the namespace.

    Raises:
        BootstrapError: the file cannot be read.
    """
    prefix = f"{NAMESPACE}:"
    config = cast("Mapping[object, object]", stack_file.read(file)["config"])
    return {str(key).removeprefix(prefix): value for key, value in config.items() if str(key).startswith(prefix)}


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
