"""Comparison of the properties that the program wants with those in the cloud."""

from typing import Any

from sandbox.plugins.properties import Kind, Property, Values, differs
from sandbox.plugins.resource import Cloud, Resource
from sandbox.plugins.values import UNKNOWN, list_of, mapping_of


def changed_names(resource: Resource[Cloud], wanted: Values, state: Values) -> list[str]:
    """Return the properties whose wanted values differ from those in the cloud."""
    return [
        name for name, declared in resource.compared().items() if differs(declared, wanted.get(name), state.get(name))
    ]


def must_replace(declared: Property, wanted: Any, actual: Any) -> bool:
    """Return whether a difference requires a replacement."""
    if declared.replaces:
        return True
    if declared.presence_replaces and (wanted is None) != (actual is None):
        return True
    inner = declared.fields or (declared.element.fields if declared.element is not None else None)
    if not inner or wanted == UNKNOWN:
        return False
    if declared.kind is Kind.OBJECT:
        pairs = [(mapping_of(wanted), mapping_of(actual))]
    else:
        pairs = list(zip(list_of(wanted), list_of(actual), strict=False))
    return any(
        differs(field, one.get(name), other.get(name)) and must_replace(field, one.get(name), other.get(name))
        for one, other in pairs
        for name, field in inner.items()
    )


def refreshed_inputs(resource: Resource[Cloud], inputs: Values, seen: Values) -> Values:
    """Return the program's inputs with the cloud's values where they drifted."""
    refreshed: Values = {}
    for name, value in inputs.items():
        declared = resource.properties.get(name)
        if declared is None or not differs(declared, value, seen.get(name)):
            refreshed[name] = value
        elif seen.get(name) is not None:
            refreshed[name] = seen[name]
    return refreshed


def imported_inputs(resource: Resource[Cloud], seen: Values) -> Values:
    """Return the inputs that a program would have to write for the resource in the cloud."""
    return {
        name: seen[name]
        for name, declared in resource.properties.items()
        if name in seen and (declared.required or differs(declared, declared.default, seen[name]) or declared.computed)
    }
