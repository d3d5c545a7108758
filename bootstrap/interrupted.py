"""What an interrupted update left half-done, and how the state is put right: pure functions on an exported state.

Before it changes anything the engine saves what it is about to do. What it was creating when it was killed may or may
not exist, under an identifier that nobody saved: these are the pending creates. The engine never resolves them by
itself; while they last, the next update meets "already exists", or makes a second one of what has no name.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]
Deployment = Mapping[str, Any]

_PROVIDER = "pulumi:providers:"


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What becomes of a pending create."""

    urn: str
    identifier: str | None
    """What the provider calls it; None when it was not made."""
    others: Sequence[str] = ()
    """More of the same, made by interrupted updates before: somebody decides about each."""


def creates(deployment: Deployment) -> Sequence[Resource]:
    """Resources whose creation was interrupted, the latest attempt of each."""
    found = {
        operation["resource"]["urn"]: operation["resource"]
        for operation in deployment.get("pending_operations", [])
        # Components exist in the state alone; a provider is a process, and nothing of it is left.
        if operation["type"] == "creating"
        and operation["resource"].get("custom")
        and not operation["resource"]["type"].startswith(_PROVIDER)
    }
    return list(found.values())


def half_done(deployment: Deployment) -> bool:
    """Whether an update was interrupted in a way that leaves something to repair."""
    return bool(deployment.get("pending_operations")) or bool(_unread(deployment))


def known(deployment: Deployment, urn: str) -> Resource | None:
    """The state's own record of a resource, but for one that is being replaced and gone already."""
    for resource in deployment.get("resources", []):
        if resource["urn"] == urn and not resource.get("delete") and not resource.get("pendingReplacement"):
            return resource
    return None


def identifiers(deployment: Deployment, kind: str) -> frozenset[str]:
    """Identifiers of all resources of a type that the state knows, under whatever name."""
    return frozenset(
        resource["id"]
        for resource in deployment.get("resources", [])
        if resource["type"] == kind and "id" in resource and not resource.get("pendingReplacement")
    )


def resolve(deployment: Deployment, resolutions: Sequence[Resolution]) -> tuple[Deployment, Sequence[str]]:
    """The state without pending operations, and the URNs that must be read from the cloud next.

    What was made enters the state as it was asked for, without outputs: reading it fills them in as for an import, and
    removes it again should it not exist after all. What was being changed or deleted is read, too.
    """
    repaired = dict(copy.deepcopy(deployment))
    resources: list[dict[str, Any]] = repaired.setdefault("resources", [])
    asked_for = {resource["urn"]: resource for resource in creates(deployment)}
    for resolution in resolutions:
        if resolution.identifier is None or known(repaired, resolution.urn) is not None:
            continue
        made: dict[str, Any] = {**asked_for[resolution.urn], "id": resolution.identifier, "outputs": {}}
        replaced = [
            place
            for place, resource in enumerate(resources)
            if resource["urn"] == resolution.urn and resource.get("pendingReplacement")
        ]
        # Whatever it depends on stands before it: it was made before.
        if replaced:
            resources[replaced[0]] = made
        else:
            resources.append(made)
    touched = {
        operation["resource"]["urn"]
        for operation in repaired.pop("pending_operations", [])
        if operation["type"] != "creating"
    }
    present = {resource["urn"] for resource in resources if resource.get("id")}
    return repaired, sorted((touched & present) | set(_unread(repaired)))


def _unread(deployment: Deployment) -> Sequence[str]:
    """URNs that an earlier repair entered, and did not come to read."""
    return [
        resource["urn"]
        for resource in deployment.get("resources", [])
        if resource.get("custom") and resource.get("id") and not resource.get("outputs")
    ]
