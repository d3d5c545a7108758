"""One life of a resource: checked, previewed, made, read, imported, changed, removed."""

import re
from typing import Any

from sandbox.plugins.properties import differs
from sandbox.plugins.resource import Resource
from tests.sandbox_plugins.cases import Case, World
from tests.sandbox_plugins.plugin import UNKNOWN, Made, Plugin

DEFAULT_TAGS = {"unit": "analytics"}


def live(plugin: Plugin, world: World, resource: Resource[Any], case: Case) -> None:
    """Go through one life, looking at every step for what the engine and the user see."""
    kind = resource.type_name
    inputs = checked(plugin, kind, case.inputs(world))

    preview = plugin.create(kind, inputs, preview=True)
    assert preview.id == ""
    assert {name for name in resource.outputs if preview.properties.get(name) != UNKNOWN} == set()
    assert differing(resource, inputs, preview) == []

    made = plugin.create(kind, inputs)
    assert re.fullmatch(case.id, made.id), made.id
    assert differing(resource, inputs, made) == []
    assert {n: made.properties.get(n) for n, p in case.outputs.items() if not re.fullmatch(p, made.properties[n])} == {}
    assert UNKNOWN not in str(made.properties)
    if "tags" in resource.properties:
        assert made.properties["tagsAll"] == {**DEFAULT_TAGS, **inputs.get("tags", {})}
        assert made.properties["tags"] == inputs.get("tags", {})

    assert plugin.difference(kind, made, inputs).changed == []
    assert refreshed(plugin, kind, made, inputs) == (made, inputs)
    for name, value in case.replace.items():
        assert plugin.difference(kind, made, {**inputs, name: value}).replaces == [name]
        assert plugin.difference(kind, made, {**inputs, name: UNKNOWN}).replaces == [name]
    imported_as_it_is(plugin, resource, case, made, inputs)

    if case.change is not None:
        made, inputs = changed(plugin, resource, made, inputs, case.change(world))

    plugin.delete(kind, made)
    if not case.stays:
        assert plugin.read(kind, made) is None
    plugin.delete(kind, made)


def differing(resource: Resource[Any], wanted: dict[str, Any], made: Made) -> list[str]:
    """Return the inputs that are not among the properties."""
    return [
        name
        for name, declared in resource.properties.items()
        if name in wanted and differs(declared, wanted[name], made.properties.get(name))
    ]


def checked(plugin: Plugin, kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Check inputs, and expect nothing wrong with them."""
    found = plugin.check(kind, {name: value for name, value in inputs.items() if value is not None})
    assert found.failures == {}
    return found.inputs


def refreshed(plugin: Plugin, kind: str, made: Made, inputs: dict[str, Any]) -> tuple[Made, dict[str, Any]]:
    """Read a resource that exists."""
    found = plugin.read(kind, made, inputs)
    assert found is not None
    return found


def imported_as_it_is(plugin: Plugin, resource: Resource[Any], case: Case, made: Made, inputs: dict[str, Any]) -> None:
    """Read a resource by its id alone, and expect the very inputs that it was made with."""
    found = plugin.read(resource.type_name, Made(id=case.imported(made), properties={}))
    assert found is not None
    assert found[0].id == made.id
    told = {name: value for name, value in inputs.items() if name not in case.unread and not name.startswith("__")}
    difference = plugin.difference(resource.type_name, found[0], {**found[1], **told})
    assert difference.changed == []


def changed(
    plugin: Plugin, resource: Resource[Any], made: Made, inputs: dict[str, Any], change: dict[str, Any]
) -> tuple[Made, dict[str, Any]]:
    """Change a resource in place."""
    kind = resource.type_name
    wanted = checked(plugin, kind, {**inputs, **change})
    difference = plugin.difference(kind, made, wanted)
    assert set(change) <= set(difference.changed)
    assert difference.replaces == []
    preview = plugin.update(kind, made, wanted, preview=True)
    assert differing(resource, wanted, preview) == []
    after = plugin.update(kind, made, wanted)
    assert differing(resource, wanted, after) == []
    assert plugin.difference(kind, after, wanted).changed == []
    assert refreshed(plugin, kind, after, wanted) == (after, wanted)
    # What was dropped is really gone: the state before the change would have to change again.
    dropped = {name for name in change if name in inputs or not resource.properties[name].computed}
    assert dropped <= set(plugin.difference(kind, after, inputs).changed)
    return after, wanted
