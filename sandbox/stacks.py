"""The platform's stacks: their settings as the sandbox deploys them, and the engine's commands on them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from sandbox import commands, paths
from sandbox.organization import ORGANIZATION, REPOSITORY
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


def write(environment: str, servers: Servers) -> StackFile:
    """Write the settings of a stack: the checked-in ones, with the local GitHub in place of the real one.

    The sandbox has a Pulumi project folder of its own, which runs the checkout's program, because the engine writes into
    the files of a stack and must not change the checked-in ones. Each call discards what the engine wrote, just as the
    next run of a workflow starts from a new checkout.
    """
    content = _read(paths.CHECKOUT / f"Pulumi.{environment}.yaml")
    config = content["config"]
    config[f"{NAMESPACE}:github"] = {
        "organization": ORGANIZATION.login,
        "organizationId": ORGANIZATION.id,
        "repository": REPOSITORY.name,
        "repositoryId": REPOSITORY.id,
        "serverUrl": servers.github.url,
        "oidcSubjects": "immutable",
    }
    project = _read(paths.CHECKOUT / "Pulumi.yaml")
    project["main"] = str(paths.CHECKOUT)
    project["runtime"]["options"]["virtualenv"] = str(paths.CHECKOUT / ".venv")
    paths.STACKS.mkdir(parents=True, exist_ok=True)
    (paths.STACKS / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    path = paths.STACKS / f"Pulumi.{environment}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return StackFile(
        environment=environment,
        unit=str(config[f"{NAMESPACE}:unit"]),
        region=str(config[f"{NAMESPACE}:region"]),
        account_id=str(config[f"{NAMESPACE}:accountId"]),
        path=path,
    )


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
