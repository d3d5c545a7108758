"""`describe`: what a workflow must know before it can log in to a stack's account."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import yaml

from bootstrap.names import Names
from bootstrap.problem import ProblemError

NAMESPACE = "mlops-platform"
STAGES = ("dev", "preprod", "prod")
"""The environments that the deploying workflow has jobs for, in their order."""


def describe(file: Path) -> Mapping[str, str]:
    """Unit, environment, region and roles of the stack whose settings are in `file`.

    Raises:
        ProblemError: the file cannot be read, or lacks one of them.
    """
    try:
        content = cast("object", yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProblemError(f"{file} cannot be read: {error}") from error
    settings = _mapping(_mapping(content).get("config"))
    wanted = ("unit", "environment", "region", "accountId")
    values = {name: settings.get(f"{NAMESPACE}:{name}") for name in wanted}
    missing = [name for name, value in values.items() if not isinstance(value, str)]
    if missing:
        raise ProblemError(f"{file}: give {', '.join(f'{NAMESPACE}:{name}' for name in missing)} as text, in quotes.")
    unit, environment, region, account_id = (str(values[name]) for name in wanted)
    names = Names(unit=unit, environment=environment)
    return {
        "unit": unit,
        "environment": environment,
        "region": region,
        "account_id": account_id,
        "deploy_role_arn": f"arn:aws:iam::{account_id}:role/{names.deploy_role}",
        "preview_role_arn": f"arn:aws:iam::{account_id}:role/{names.preview_role}",
    }


def stages(folder: Path) -> Mapping[str, Sequence[str]]:
    """The stacks whose settings are in `folder`, by the environment in which they are deployed.

    Raises:
        ProblemError: a file cannot be read, or is of an environment that would never be deployed.
    """
    found: dict[str, list[str]] = {stage: [] for stage in STAGES}
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        environment = describe(file)["environment"]
        if environment not in found:
            raise ProblemError(
                f"{file.name} is of the environment {environment}, which no job deploys: give it one in "
                ".github/workflows/deploy.yml, or rename the environment."
            )
        found[environment].append(file.name.removeprefix("Pulumi.").removesuffix(".yaml"))
    return found


def of_stack(names: Names, folder: Path) -> Mapping[str, object] | None:
    """The settings in `folder` of the stack of that name, without their namespace; None when there is no such file."""
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            content = cast("object", yaml.safe_load(file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        settings = {
            key.removeprefix(f"{NAMESPACE}:"): value for key, value in _mapping(_mapping(content).get("config")).items()
        }
        if (settings.get("unit"), settings.get("environment")) == (names.unit, names.environment):
            return settings
    return None


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
