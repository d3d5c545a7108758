"""Conversions between properties and AWS's requests and answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.plugins.properties import Kind, Property, Values
from sandbox.plugins.values import is_list, is_mapping


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Return tags as a list, as most services take them."""
    return [{key: name, value: content} for name, content in sorted(tags.items())]


def tag_map(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Return tags by their keys."""
    return {tag[key]: tag[value] for tag in tags or ()}


def picked(source: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    """Return parts of AWS's response by the SDK's names, without those that the response lacks."""
    return {name: source[aws_name] for name, aws_name in names.items() if aws_name in source}


def given(wanted: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    """Return wanted properties by AWS's names, without those that the program does not set."""
    return {aws_name: wanted[name] for name, aws_name in names.items() if wanted.get(name) is not None}


def pascal(value: Any) -> Any:
    """Return nested objects with AWS's spelling of their keys: `idleSettings` becomes `IdleSettings`."""
    if is_mapping(value):
        return {key[:1].upper() + key[1:]: pascal(element) for key, element in value.items()}
    if is_list(value):
        return [pascal(element) for element in value]
    return value


_NO_NAMES: Mapping[str, str] = {}


def to_aws(declared: Property, value: Any, names: Mapping[str, str] = _NO_NAMES) -> Any:
    """Return nested objects with AWS's spelling of their keys; the keys of maps stay as they are.

    Args:
        declared: the property that the value belongs to.
        value: the value in the SDK's spelling.
        names: AWS's names by the SDK's, where they differ in more than the first letter.
    """
    if declared.kind is Kind.OBJECT and is_mapping(value):
        fields = declared.fields or {}
        return {
            _aws_name(name, names): to_aws(fields[name], element, names)
            for name, element in value.items()
            if element is not None
        }
    if declared.element is not None and is_list(value):
        return [to_aws(declared.element, element, names) for element in value]
    return value


def from_aws(declared: Property, value: Any, names: Mapping[str, str] = _NO_NAMES) -> Any:
    """Return nested objects of AWS's response with the SDK's spelling, reduced to the supported fields.

    Args:
        declared: the property that the value belongs to.
        value: the value in AWS's spelling.
        names: as for `to_aws`.
    """
    if declared.kind is Kind.OBJECT and is_mapping(value):
        return {
            name: from_aws(field, value[_aws_name(name, names)], names)
            for name, field in (declared.fields or {}).items()
            if value.get(_aws_name(name, names)) is not None
        }
    if declared.element is not None and is_list(value):
        return [from_aws(declared.element, element, names) for element in value]
    return value


def _aws_name(name: str, names: Mapping[str, str]) -> str:
    return names.get(name) or name[:1].upper() + name[1:]
