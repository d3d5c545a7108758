"""Requests checked against AWS's own service models, as its front ends do before any service code runs.

Source: the API models inside botocore. Botocore itself checks types and required members only; AWS also checks
patterns, enumerations and lengths, so this does too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast

from sandbox.aws.errors import ServiceError

PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (str, int, float),
    "blob": (str, bytes),
}

JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{M}": "", r"\p{P}": r"!-/:-@", r"\p{S}": "$+<=>"}
"""Unicode classes that AWS's patterns use and Python's do not know, by their nearest equivalent."""


@cache
def service_model(name: str) -> Any:
    """Return AWS's description of a service."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def check(shape: Any, value: object) -> None:
    """Refuse `value` as AWS does if it does not have the `shape`.

    Raises:
        ServiceError: a ValidationException that lists every problem.
    """
    problems = list(_problems(shape, value, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise ServiceError("ValidationException", f"{count}: {'; '.join(problems)}")


def _problems(shape: Any, value: object, path: str) -> Iterator[str]:
    kind: str = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        if not isinstance(value, list):
            yield f"Value at '{path}' must be a list"
            return
        items = cast(Sequence[object], value)
        yield from _size(shape, len(items), path, str(items))
        for number, item in enumerate(items, 1):
            yield from _problems(shape.member, item, f"{path}.{number}.member")
    elif kind == "map":
        if not isinstance(value, dict):
            yield f"Value at '{path}' must be a map"
            return
        entries = cast(Mapping[str, object], value)
        yield from _size(shape, len(entries), path, str(entries))
        for key, item in entries.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}.value")
    else:
        yield from _scalar(shape, value, path)


def _structure(shape: Any, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"Value at '{path or 'request'}' must be a structure"
        return
    given = cast(Mapping[str, object], value)
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if given.get(name) is None:
            yield f"Value null at '{prefix}{_camel(name)}' failed to satisfy constraint: Member must not be null"
    for name, item in given.items():
        member = shape.members.get(name)
        if member is None:
            yield f"Unknown member '{prefix}{name}' in {shape.name}"
        elif item is not None:
            yield from _problems(member, item, f"{prefix}{_camel(name)}")


def _scalar(shape: Any, value: object, path: str) -> Iterator[str]:
    expected = PYTHON_TYPES[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        yield f"Value '{value}' at '{path}' must be of type {shape.type_name}"
        return
    failed = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must"
    if isinstance(value, str) and shape.type_name == "string":
        yield from _size(shape, len(value), path, value)
        if shape.enum and value not in shape.enum:
            yield f"{failed} satisfy enum value set: [{', '.join(shape.enum)}]"
        pattern = _pattern(shape.metadata.get("pattern"))
        if pattern and not pattern.fullmatch(value):
            yield f"{failed} satisfy regular expression pattern: {shape.metadata['pattern']}"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if "min" in shape.metadata and value < shape.metadata["min"]:
            yield f"{failed} have value greater than or equal to {shape.metadata['min']}"
        if "max" in shape.metadata and value > shape.metadata["max"]:
            yield f"{failed} have value less than or equal to {shape.metadata['max']}"


def _size(shape: Any, size: int, path: str, shown: str) -> Iterator[str]:
    failed = f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must have length"
    if "min" in shape.metadata and size < shape.metadata["min"]:
        yield f"{failed} greater than or equal to {shape.metadata['min']}"
    if "max" in shape.metadata and size > shape.metadata["max"]:
        yield f"{failed} less than or equal to {shape.metadata['max']}"


@cache
def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    for java, python in JAVA_CLASSES.items():
        text = text.replace(java, python)
    try:
        return re.compile(text)
    except re.error:
        return None


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
