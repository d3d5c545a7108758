"""Short constructors of properties."""

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.properties import Kind, Property


def text(**traits: Any) -> Property:
    """A string."""
    return Property(kind=Kind.TEXT, **traits)


def number(**traits: Any) -> Property:
    """A number."""
    return Property(kind=Kind.NUMBER, **traits)


def flag(**traits: Any) -> Property:
    """A boolean."""
    return Property(kind=Kind.FLAG, **traits)


def document() -> Property:
    """A policy as JSON in a string."""
    return Property(kind=Kind.DOCUMENT)


def json_text() -> Property:
    """Other JSON in a string."""
    return Property(kind=Kind.JSON)


def texts() -> Property:
    """A set of strings."""
    return Property(kind=Kind.SET, element=text())


def ordered_texts() -> Property:
    """A list of strings whose order matters."""
    return Property(kind=Kind.LIST, element=text())


def text_map() -> Property:
    """Strings by name."""
    return Property(kind=Kind.MAP, element=text())


def block(fields: Mapping[str, Property]) -> Property:
    """An object."""
    return Property(kind=Kind.OBJECT, fields=fields)


def blocks(fields: Mapping[str, Property]) -> Property:
    """A set of objects."""
    return Property(kind=Kind.SET, element=block(fields))
