"""Pure functions on an exported state: find the operations that were interrupted, and resolve them.

The engine saves each operation before it starts it. A resource that was being created when the engine was killed may or
may not exist, under an identifier that was never saved: a pending create. The engine does not resolve these on its own;
until they are resolved, the next update fails with "already exists", or creates a second resource if it has no name.
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
    """The outcome of a pending create."""

    urn: str
    identifier: str | None
    """The provider's identifier; None if the resource was not created."""
    others: Sequence[str] = ()
    """Duplicates that earlier interrupted updates created; a person decides about each."""


def creates(deployment: Deployment) -> Sequence[Resource]:
    """Return the resources whose creation was interrupted, the latest attempt of each."""
    found = {
        operation["resource"]["urn"]: operation["resource"]
        for operation in deployment.get("pending_operations", [])
        # Components exist only in the state; a provider is a process, and leaves nothing behind.
        if operation["type"] == "creating"
        and operation["resource"].get("custom")
        and not operation["resource"]["type"].startswith(_PROVIDER)
    }
    return list(found.values())


def half_done(deployment: Deployment) -> bool:
    """Return whether an interrupted update left something to repair."""
    return bool(deployment.get("pending_operations")) or bool(_unread(deployment))


def known(deployment: Deployment, urn: str) -> Resource | None:
    """Return the state's record of a resource, except one that was deleted already to be replaced."""
    for resource in deployment.get("resources", []):
        if resource["urn"] == urn and not resource.get("delete") and not resource.get("pendingReplacement"):
            return resource
    return None


def identifiers(deployment: Deployment, kind: str) -> frozenset[str]:
    """Return the identifiers of all resources of a type in the state, whatever their names."""
    return frozenset(
        resource["id"]
        for resource in deployment.get("resources", [])
        if resource["type"] == kind and "id" in resource and not resource.get("pendingReplacement")
    )


def resolve(deployment: Deployment, resolutions: Sequence[Resolution]) -> tuple[Deployment, Sequence[str]]:
    """Return the state without pending operations, and the URNs that must be refreshed next.

    A created resource enters the state with its inputs and without outputs: a refresh fills them in as for an import, or
    removes the resource if it does not exist after all. Resources that were being changed or deleted are refreshed, too.
    """
    repaired = dict(copy.deepcopy(deployment))
    resources: list[dict[str, Any]] = repaired.setdefault("resources", [])
    requested = {resource["urn"]: resource for resource in creates(deployment)}
    for resolution in resolutions:
        if resolution.identifier is None or known(repaired, resolution.urn) is not None:
            continue
        created: dict[str, Any] = {**requested[resolution.urn], "id": resolution.identifier, "outputs": {}}
        replaced = [
            place
            for place, resource in enumerate(resources)
            if resource["urn"] == resolution.urn and resource.get("pendingReplacement")
        ]
        # The engine requires dependencies to come first; these were created earlier.
        if replaced:
            resources[replaced[0]] = created
        else:
            resources.append(created)
    touched = {
        operation["resource"]["urn"]
        for operation in repaired.pop("pending_operations", [])
        if operation["type"] != "creating"
    }
    present = {resource["urn"] for resource in resources if resource.get("id")}
    return repaired, sorted((touched & present) | set(_unread(repaired)))


def _unread(deployment: Deployment) -> Sequence[str]:
    """Return the URNs that an earlier repair entered and did not refresh."""
    return [
        resource["urn"]
        for resource in deployment.get("resources", [])
        if resource.get("custom") and resource.get("id") and not resource.get("outputs")
    ]
