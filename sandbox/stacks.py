"""The platform's stacks: their settings as the sandbox deploys them, and the engine's commands on them."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from bootstrap import settings_file, stack_file
from sandbox import commands, paths
from sandbox.github.checks import APP_ID as ACTIONS_APP_ID
from sandbox.organization import CLONER, ORGANIZATION, REPOSITORY
from sandbox.servers import Servers

NAMESPACE = "mlops-platform"


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack and the file of its settings."""

    environment: str
    unit: str
    region: str
    account_id: str
    path: Path

    @property
    def prefix(self) -> str:
        """Prefix of every physical name in the stack."""
        return f"{self.unit}-{self.environment}"


def find(environment: str, servers: Servers) -> StackFile:
    """Return a stack as the sandbox deploys it; nothing is written.

    Raises:
        BootstrapError: its file, or the sandbox's copy, cannot be read or lacks settings; the message is one line.
    """
    return _stack_file(environment, _content(environment, servers))


def account_id(environment: str) -> str:
    """Return the account of a stack, as checked in."""
    return settings_file.describe(stack_file.find(paths.CHECKOUT, environment))["account_id"]


def write(environment: str, servers: Servers) -> StackFile:
    """Write the settings of a stack: the checked-in ones, with the local GitHub in place of the real one.

    The sandbox has a Pulumi project folder of its own, which runs the checkout's program, because the engine writes into
    the files of a stack and must not change the checked-in ones. Each call discards what the engine wrote of its own,
    just as the next run of a workflow starts from a new checkout; what a person set by `pulumi config set` stays, until
    the same setting is changed in the checkout.

    Raises:
        BootstrapError: as for `find`.
    """
    content = _content(environment, servers)
    project = _read(paths.CHECKOUT / "Pulumi.yaml")
    project["main"] = str(paths.CHECKOUT)
    project["runtime"]["options"]["virtualenv"] = str(paths.CHECKOUT / ".venv")
    _replace(paths.STACKS / "Pulumi.yaml", project)
    _replace(_checked_in_copy(environment), _checked_in(environment, servers))
    found = _stack_file(environment, content)
    _replace(found.path, content)
    return found


def change(stack: StackFile, section: str, **settings: object) -> None:
    """Change settings of a section in the sandbox's copy of a stack's settings, which keeps them."""
    content = stack_file.read(stack.path)
    content["config"][f"{NAMESPACE}:{section}"] |= settings
    _replace(stack.path, content)


def _stack_file(environment: str, content: dict[str, Any]) -> StackFile:
    config = content["config"]
    return StackFile(
        environment=environment,
        unit=str(config[f"{NAMESPACE}:unit"]),
        region=str(config[f"{NAMESPACE}:region"]),
        account_id=str(config[f"{NAMESPACE}:accountId"]),
        path=paths.STACKS / f"Pulumi.{environment}.yaml",
    )


def _content(environment: str, servers: Servers) -> dict[str, Any]:
    """Return the checked-in settings of a stack, changed by what was set in the sandbox."""
    checked_in, copy = _checked_in(environment, servers), paths.STACKS / f"Pulumi.{environment}.yaml"
    if not (copy.exists() and _checked_in_copy(environment).exists()):
        return checked_in
    before = stack_file.read(_checked_in_copy(environment))["config"]
    config = merged(before, stack_file.read(copy)["config"], checked_in["config"])
    return {**checked_in, "config": config}


def _checked_in(environment: str, servers: Servers) -> dict[str, Any]:
    file = stack_file.find(paths.CHECKOUT, environment)
    settings_file.describe(file)
    content = stack_file.read(file)
    content["config"][f"{NAMESPACE}:github"] = {
        "organization": ORGANIZATION.login,
        "organizationId": ORGANIZATION.id,
        "repository": REPOSITORY.name,
        "repositoryId": REPOSITORY.id,
        "serverUrl": servers.github.url,
        "oidcSubjects": "immutable",
        "platformUser": CLONER.login,
        "actionsAppId": ACTIONS_APP_ID,
    }
    if workload := content["config"].get(f"{NAMESPACE}:workload"):
        # The demo's accounts show every product; what is checked in lets in neither batches nor promoted pipelines.
        workload |= {"batches": True, "promotedPipelines": True}
    return content


def merged(before: Mapping[str, Any], here: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings `there`, with those that were set or removed `here` since both were as `before`.

    A setting that was changed in both places is the one from `there`.
    """
    absent = object()

    def latest(key: str) -> Any:
        old, current, new = (settings.get(key, absent) for settings in (before, here, there))
        return current if old == new else new

    found = {key: latest(key) for key in [*there, *here]}
    return {key: value for key, value in found.items() if value is not absent}


def _checked_in_copy(environment: str) -> Path:
    """Return the path of a copy of the checked-in settings as they were at the last call."""
    return paths.STACKS / "checked-in" / f"Pulumi.{environment}.yaml"


def _replace(path: Path, content: dict[str, Any]) -> None:
    """Write a file in one step, because a command in another terminal may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}")
    written.write_text(yaml.safe_dump(content, sort_keys=False))
    written.replace(path)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Result of an update of a stack."""

    changes: Mapping[str, int]
    """Number of resources by operation: create, update, same, …"""

    @property
    def total(self) -> int:
        """Number of resources in the stack."""
        return sum(count for kind, count in self.changes.items() if kind != "delete")

    @property
    def changed(self) -> int:
        """Number of resources that the update touched."""
        return sum(count for kind, count in self.changes.items() if kind != "same")


def up(stack: StackFile, environment: Mapping[str, str], *, on_resource: Callable[[int], None]) -> Deployment:
    """Update a stack; `on_resource` is called with the number of resources done so far."""
    changes: dict[str, int] = {}
    errors: list[str] = []
    done = 0

    def read(line: str) -> None:
        nonlocal done
        if not line.startswith("{"):
            return
        event = cast("dict[str, Any]", json.loads(line))
        if "resOutputsEvent" in event:
            done += 1
            on_resource(done)
        if "summaryEvent" in event:
            changes.update(event["summaryEvent"]["resourceChanges"])
        if event.get("diagnosticEvent", {}).get("severity") == "error":
            errors.append(str(event["diagnosticEvent"]["message"]).strip())

    try:
        commands.run(
            ["pulumi", "up", "--stack", stack.environment, "--json", "--yes", "--skip-preview", "--non-interactive"],
            log=f"pulumi-up-{stack.environment}",
            environment=environment,
            folder=paths.STACKS,
            on_line=read,
        )
    except commands.CommandFailedError as failure:
        if errors:
            raise commands.CommandFailedError(f"pulumi up -s {stack.environment}:\n" + "\n".join(errors)) from failure
        raise
    return Deployment(changes=changes)


def export(stack: StackFile, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the resources of a stack's state."""
    text = commands.run(
        ["pulumi", "stack", "export", "--stack", stack.environment],
        log=f"pulumi-export-{stack.environment}",
        environment=environment,
        folder=paths.STACKS,
    )
    return cast("list[dict[str, Any]]", json.loads(text)["deployment"].get("resources", []))


def output(stack: StackFile, environment: Mapping[str, str], name: str) -> str:
    """Return an output of a stack."""
    printed = commands.run(
        ["pulumi", "stack", "output", "--json", "--stack", stack.environment],
        log=f"output-{stack.environment}",
        environment=environment,
        folder=paths.STACKS,
    )
    return str(json.loads(printed)[name])


def _read(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(path.read_text()))
