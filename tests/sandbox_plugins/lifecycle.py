"""The lifecycle of a resource: check, preview, create, refresh, import, update, delete."""

import re
from typing import Any

from sandbox.plugins.properties import differs
from sandbox.plugins.resource import Resource
from tests.sandbox_plugins.cases.case import Case
from tests.sandbox_plugins.cases.dependencies import Dependencies
from tests.sandbox_plugins.plugin import UNKNOWN, Plugin, ResourceState

DEFAULT_TAGS = {"unit": "analytics"}


def run_lifecycle(plugin: Plugin, deps: Dependencies, resource: Resource[Any], case: Case) -> None:
    """Run one lifecycle, and check after each step what the engine and the user see."""
    kind = resource.type_name
    inputs = checked(plugin, kind, case.inputs(deps))

    preview = plugin.create(kind, inputs, preview=True)
    assert preview.id == ""
    assert {name for name in resource.outputs if preview.properties.get(name) != UNKNOWN} == set()
    assert differing(resource, inputs, preview) == []

    created = plugin.create(kind, inputs)
    assert re.fullmatch(case.id, created.id), created.id
    assert differing(resource, inputs, created) == []
    assert {
        n: created.properties.get(n) for n, p in case.outputs.items() if not re.fullmatch(p, created.properties[n])
    } == {}
    assert UNKNOWN not in str(created.properties)
    if "tags" in resource.properties:
        assert created.properties["tagsAll"] == {**DEFAULT_TAGS, **inputs.get("tags", {})}
        assert created.properties["tags"] == inputs.get("tags", {})

    assert plugin.difference(kind, created, inputs).changed == []
    assert refreshed(plugin, kind, created, inputs) == (created, inputs)
    for name, value in case.replace.items():
        assert plugin.difference(kind, created, {**inputs, name: value}).replaces == [name]
        assert plugin.difference(kind, created, {**inputs, name: UNKNOWN}).replaces == [name]
    imported_as_it_is(plugin, resource, case, created, inputs)

    if case.change is not None:
        created, inputs = changed(plugin, resource, created, inputs, case.change(deps))

    plugin.delete(kind, created)
    if not case.stays:
        assert plugin.read(kind, created) is None
    plugin.delete(kind, created)


def differing(resource: Resource[Any], wanted: dict[str, Any], created: ResourceState) -> list[str]:
    """Return the inputs that differ from the properties."""
    return [
        name
        for name, declared in resource.properties.items()
        if name in wanted and differs(declared, wanted[name], created.properties.get(name))
    ]


def checked(plugin: Plugin, kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Check inputs, and expect no failures."""
    found = plugin.check(kind, {name: value for name, value in inputs.items() if value is not None})
    assert found.failures == {}
    return found.inputs


def refreshed(
    plugin: Plugin, kind: str, created: ResourceState, inputs: dict[str, Any]
) -> tuple[ResourceState, dict[str, Any]]:
    """Read a resource that exists."""
    found = plugin.read(kind, created, inputs)
    assert found is not None
    return found


def imported_as_it_is(
    plugin: Plugin, resource: Resource[Any], case: Case, created: ResourceState, inputs: dict[str, Any]
) -> None:
    """Read a resource by its id alone, and expect the inputs that it was created with."""
    found = plugin.read(resource.type_name, ResourceState(id=case.imported(created), properties={}))
    assert found is not None
    assert found[0].id == created.id
    readable = {name: value for name, value in inputs.items() if name not in case.unread and not name.startswith("__")}
    difference = plugin.difference(resource.type_name, found[0], {**found[1], **readable})
    assert difference.changed == []


def changed(
    plugin: Plugin, resource: Resource[Any], created: ResourceState, inputs: dict[str, Any], change: dict[str, Any]
) -> tuple[ResourceState, dict[str, Any]]:
    """Update a resource in place."""
    kind = resource.type_name
    wanted = checked(plugin, kind, {**inputs, **change})
    difference = plugin.difference(kind, created, wanted)
    assert set(change) <= set(difference.changed)
    assert difference.replaces == []
    preview = plugin.update(kind, created, wanted, preview=True)
    assert differing(resource, wanted, preview) == []
    after = plugin.update(kind, created, wanted)
    assert differing(resource, wanted, after) == []
    assert plugin.difference(kind, after, wanted).changed == []
    assert refreshed(plugin, kind, after, wanted) == (after, wanted)
    # Removed inputs are really gone: going back would be a change again.
    dropped = {name for name in change if name in inputs or not resource.properties[name].computed}
    assert dropped <= set(plugin.difference(kind, after, inputs).changed)
    return after, wanted
