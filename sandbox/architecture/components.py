"""Read the components of a stack from its state, and their dependencies on each other."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

COMPONENT = "mlops:index:"
"""Prefix of the type tokens of the platform's own components."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A component of a stack, with everything below it."""

    name: str
    kind: str
    """Its type in words, such as `Template cloner`."""
    resources: Counter[str]
    """Number of cloud resources by type, such as `s3/bucket`."""
    requires: frozenset[str]
    """Names of the components that it builds on."""


def components(resources: list[dict[str, Any]]) -> list[Component]:
    """Return the top-level components of a stack, by name.

    Args:
        resources: resources as `pulumi stack export` writes them; of their keys, `urn`, `type`, `parent`, `custom`,
            `dependencies` and `propertyDependencies` are read.
    """
    parents = {str(resource["urn"]): str(resource.get("parent", "")) for resource in resources}
    tops = {urn: _top(urn, parents) for urn in parents}
    found = [
        _component(urn, str(resource["type"]), [each for each in resources if tops[str(each["urn"])] == urn], tops)
        for resource in resources
        if tops[urn := str(resource["urn"])] == urn
    ]
    return sorted(found, key=lambda component: component.name)


def _component(urn: str, token: str, members: list[dict[str, Any]], tops: dict[str, str]) -> Component:
    required = {tops.get(dependency, urn) for member in members for dependency in _dependencies(member)}
    return Component(
        name=_name(urn),
        kind=_words(token.removeprefix(COMPONENT)),
        resources=Counter(_short(str(member["type"])) for member in members if member.get("custom")),
        requires=frozenset(_name(top) for top in required - {urn, ""}),
    )


def _top(urn: str, parents: dict[str, str]) -> str:
    """Return the outermost component around a resource, or an empty string if there is none."""
    outermost = ""
    while urn:
        if _type(urn).startswith(COMPONENT):
            outermost = urn
        urn = parents.get(urn, "")
    return outermost


def _dependencies(resource: dict[str, Any]) -> set[str]:
    by_property: dict[str, list[str]] = resource.get("propertyDependencies") or {}
    return {*(resource.get("dependencies") or []), *(urn for urns in by_property.values() for urn in urns)}


def _type(urn: str) -> str:
    return urn.split("::")[2].split("$")[-1]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _short(token: str) -> str:
    """Return `s3/bucket` for `aws:s3/bucket:Bucket`."""
    return token.split(":")[1]


def _words(name: str) -> str:
    """Return `Template cloner` for `TemplateCloner`."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return (spaced[:1].upper() + spaced[1:]).replace("Git hub", "GitHub")
