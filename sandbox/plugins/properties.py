"""Properties of resources: their kinds, their checks, and the comparison of wanted with actual values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sandbox.plugins.values import (
    UNKNOWN,
    has_unknown,
    is_asset,
    is_list,
    is_mapping,
    list_of,
    mapping_of,
    same_content,
)

Values = dict[str, Any]
"""A resource's properties by their names in the SDK's wire form (camelCase)."""


class Kind(Enum):
    """The shape of a property's value."""

    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    DOCUMENT = auto()
    """A policy as JSON in a string, compared by its meaning."""
    JSON = auto()
    """Other JSON in a string, in which the order of lists matters."""
    LIST = auto()
    SET = auto()
    """A list whose order does not matter."""
    MAP = auto()
    OBJECT = auto()
    ASSET = auto()


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property of a resource type, or of an object in one."""

    kind: Kind
    required: bool = False
    replaces: bool = False
    """A change requires a replacement."""
    presence_replaces: bool = False
    """Setting or removing it requires a replacement; a change inside it need not."""
    computed: bool = False
    """The cloud chooses a value if the program sets none."""
    default: Any = None
    """The value that the official provider sends if the program sets none."""
    element: "Property | None" = None
    """The values in a list, set or map."""
    fields: "Mapping[str, Property] | None" = None
    """The fields of an object."""


def problems(table: Mapping[str, Property], values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the problems of a resource's inputs, each as the property's path and a sentence."""
    for name, value in values.items():
        here = f"{path}.{name}" if path else name
        declared = table.get(name)
        if declared is None:
            yield here, "the sandbox does not implement this property"
        elif value is not None and value != UNKNOWN:
            yield from _problems_of_value(declared, value, here)
    for name, declared in table.items():
        if declared.required and values.get(name) is None:
            yield f"{path}.{name}" if path else name, "this property is required"


def _problems_of_value(declared: Property, value: Any, path: str) -> Iterator[tuple[str, str]]:
    match declared.kind:
        case Kind.TEXT | Kind.DOCUMENT | Kind.JSON:
            if not isinstance(value, str):
                yield path, f"expected a string, got {_named(value)}"
            elif declared.kind is not Kind.TEXT and not has_unknown(value):
                try:
                    json.loads(value)
                except ValueError as error:
                    yield path, f"it is not valid JSON: {error}"
        case Kind.NUMBER:
            if isinstance(value, bool) or not isinstance(value, int | float):
                yield path, f"expected a number, got {_named(value)}"
        case Kind.FLAG:
            if not isinstance(value, bool):
                yield path, f"expected a boolean, got {_named(value)}"
        case Kind.LIST | Kind.SET:
            if not is_list(value):
                yield path, f"expected a list, got {_named(value)}"
            elif declared.element is not None:
                for position, element in enumerate(value):
                    if element != UNKNOWN:
                        yield from _problems_of_value(declared.element, element, f"{path}[{position}]")
        case Kind.MAP:
            if not is_mapping(value):
                yield path, f"expected a map, got {_named(value)}"
            elif declared.element is not None:
                for key, element in value.items():
                    if element is not None and element != UNKNOWN:
                        yield from _problems_of_value(declared.element, element, f"{path}.{key}")
        case Kind.OBJECT:
            if not is_mapping(value):
                yield path, f"expected an object, got {_named(value)}"
            else:
                yield from problems(declared.fields or {}, value, path)
        case Kind.ASSET:
            if not is_asset(value):
                yield path, f"expected an asset or archive, got {_named(value)}"


def with_defaults(table: Mapping[str, Property], values: Mapping[str, Any]) -> Values:
    """Return the inputs with the official provider's defaults for those that the program does not set."""
    wanted: Values = {}
    for name, declared in table.items():
        value = values.get(name)
        if value is None:
            value = declared.default
        if value is not None:
            wanted[name] = _with_inner_defaults(declared, value)
    return wanted


def _with_inner_defaults(declared: Property, value: Any) -> Any:
    if has_unknown(value) and isinstance(value, str):
        return value
    if declared.kind is Kind.OBJECT:
        return with_defaults(declared.fields or {}, value)
    if declared.kind in {Kind.LIST, Kind.SET} and declared.element is not None:
        return [_with_inner_defaults(declared.element, element) for element in value]
    return value


def differs(declared: Property, wanted: Any, actual: Any) -> bool:
    """Return whether the resource in the cloud differs from what the program wants."""
    if wanted is None:
        if declared.computed:
            return False
        wanted = declared.default
    if wanted == UNKNOWN:
        return True
    match declared.kind:
        case Kind.DOCUMENT:
            return bool(wanted or actual) and _meaning(wanted) != _meaning(actual)
        case Kind.JSON:
            return _parsed(wanted) != _parsed(actual)
        case Kind.LIST if declared.element is not None:
            one, other = list_of(wanted), list_of(actual)
            element = declared.element
            return len(one) != len(other) or any(differs(element, a, b) for a, b in zip(one, other, strict=True))
        case Kind.SET if declared.element is not None:
            return _sets_differ(declared.element, list_of(wanted), list_of(actual))
        case Kind.MAP:
            return mapping_of(wanted) != mapping_of(actual)
        case Kind.OBJECT:
            fields = declared.fields or {}
            return any(
                differs(field, mapping_of(wanted).get(name), mapping_of(actual).get(name))
                for name, field in fields.items()
            )
        case Kind.ASSET:
            return not same_content(mapping_of(wanted), mapping_of(actual))
        case _:
            # The official provider cannot distinguish an absent value from an empty one either.
            return (wanted or None) != (actual or None)


def _sets_differ(element: Property, wanted: list[Any], actual: list[Any]) -> bool:
    if len(wanted) != len(actual):
        return True
    left = list(actual)
    for one in wanted:
        match = next((position for position, other in enumerate(left) if not differs(element, one, other)), None)
        if match is None:
            return True
        del left[match]
    return False


def _meaning(content: Any) -> Any:
    """Return a JSON document in a form in which equal policies are equal values."""
    return _canonical(_parsed(content))


def _parsed(content: Any) -> Any:
    """Return the value of a JSON text, or the argument itself if it is not JSON."""
    if not isinstance(content, str) or not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content


def _canonical(value: Any) -> Any:
    # In a policy, a value and a list of only that value are equal, and the order of lists does not matter.
    if is_mapping(value):
        return {key: _canonical(element) for key, element in value.items()}
    if is_list(value):
        elements = sorted((_canonical(element) for element in value), key=_sortable)
        return elements[0] if len(elements) == 1 else elements
    return value


def _sortable(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _named(value: Any) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
