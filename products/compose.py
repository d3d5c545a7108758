"""Compose a CloudFormation template from parts, as text that reads as if it were written by hand.

Mappings of several parts are merged, lists are joined, and items of a list with the same `Sid`, `Label` or `PolicyName` are one.
A mapping tagged `!Json` is published as the text of that document: CloudFormation makes none without a macro.
README.md says how a part is written.
"""

import functools
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml.comments import CommentedMap, TaggedScalar
from ruamel.yaml.error import CommentMark
from ruamel.yaml.tag import Tag
from ruamel.yaml.tokens import CommentToken

from products.part import Part, PartReader
from products.yaml_tree import is_function, is_list, is_map, round_trip

SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
)
"""The sections of a template, in the order in which they are published."""

_IDENTITIES = ("Sid", "Label", "PolicyName")


def compose(parts: Sequence[Part], values: Mapping[str, str]) -> str:
    """Return the template that `parts` make, with `values` in the places of their placeholders.

    Args:
        parts: the parts, in the order in which their entries are published.
        values: what every part may name, by the names of the placeholders.

    Raises:
        ValueError: a part names a value that is not given; a value is given that no part names; or two parts say
            different things in the same place.
    """
    return _composed(
        tuple((part.name, part.text(), tuple(part.values.items())) for part in parts), tuple(values.items())
    )


_Values = tuple[tuple[str, str], ...]


# Reading and writing YAML with its comments takes half the time of the program; `python -m costs` runs it a dozen times
# with settings that change no template.
@functools.cache
def _composed(parts: tuple[tuple[str, str, _Values], ...], values: _Values) -> str:
    """Return the template of parts: names, texts and values of their own."""
    template: Any = CommentedMap()
    unused = {name for name, _ in values}
    for name, text, own in parts:
        reader = PartReader(name, text, dict([*values, *own]))
        _merge(template, reader.read(), name)
        unused -= reader.used
        if surplus := {each for each, _ in own} - reader.used:
            raise ValueError(f"{name}.yaml does not use {_listed(surplus)}")
    if unused:
        raise ValueError(f"no part uses {_listed(unused)}")
    names = ", ".join(dict.fromkeys(name for name, _, _ in parts))
    return _written(template, f"Composed of {names}, in products/parts/ of the platform's repository: change it there.")


def _merge(base: Any, addition: Any, place: str) -> None:
    """Add the entries of `addition`, with their comments, to `base`."""
    for key, value in addition.items():
        here = f"{place}: {key}"
        _add_comment(addition, key, base, key)
        if key not in base:
            base[key] = value
        elif is_map(base[key]) and is_map(value):
            _merge(base[key], value, here)
        elif is_list(base[key]) and is_list(value) and value.tag.value is None:
            _join(base[key], value, here)
        elif _plain(base[key]) != _plain(value):
            raise ValueError(f"{here} says something else than a part before it")


def _join(base: Any, addition: Any, place: str) -> None:
    """Append the items of `addition` to `base`, or merge them with those of the same identity."""
    for index, item in enumerate(addition):
        identity = _identity(item)
        known = [at for at, each in enumerate(base) if identity is not None and _identity(each) == identity]
        if known:
            _merge(base[known[0]], item, place)
        else:
            base.append(item)
        # Afterwards: ruamel moves comments when a list becomes longer.
        _add_comment(addition, index, base, known[0] if known else len(base) - 1)


def _identity(item: Any) -> object:
    return next((item[key] for key in _IDENTITIES if key in item), None) if is_map(item) else None


def _add_comment(source: Any, key: object, target: Any, new_key: object) -> None:
    """Put the comment of one entry above another, below what it has already, unless it says the same."""
    if key in source.ca.items:
        above = target.ca.items.setdefault(new_key, [None, [], None, None])
        said = [token.value for token in above[1]]
        above[1] += [token for token in source.ca.items[key][1] if token.value not in said]


def _plain(node: Any) -> object:
    """Return a scalar, or the arguments of a function, in a form that can be compared: with its tag."""
    if is_list(node):
        return (node.tag.value, [_plain(each) for each in node])
    return (node.tag.value, node.value) if is_function(node) else node


def _written(template: Any, introduction: str) -> str:
    ordered: Any = CommentedMap()
    for section in sorted(template, key=SECTIONS.index):
        ordered[section] = template[section]
        _add_comment(template, section, ordered, section)
    _write_json(ordered)
    _set_apart(ordered, skip=2)
    _set_apart(ordered["Resources"], skip=1)
    ordered.yaml_set_start_comment(introduction)
    text = io.StringIO()
    round_trip().dump(ordered, text)
    return text.getvalue()


def _write_json(node: Any) -> None:
    """Replace each mapping tagged `!Json` by its text, in which CloudFormation fills in the references."""
    entries = node.items() if is_map(node) else enumerate(node) if is_list(node) else ()
    for key, value in list(entries):
        if is_map(value) and value.tag.value == "!Json":
            text = json.dumps(_document(value), indent=2, ensure_ascii=False)
            node[key] = TaggedScalar(text, style="|", tag=Tag(suffix="!Sub"))
        else:
            _write_json(value)


def _document(node: Any) -> object:
    if is_map(node):
        return {key: _document(value) for key, value in node.items()}
    if is_list(node):
        return [_document(value) for value in node]
    if is_function(node):
        return node.value if node.tag.value == "!Sub" else f"${{{node.value}}}"
    return node


def _set_apart(node: Any, *, skip: int) -> None:
    """Put an empty line before each entry but the first ones, above its comment."""
    for key in list(node)[skip:]:
        above = node.ca.items.setdefault(key, [None, [], None, None])
        above[1] = [CommentToken("\n", CommentMark(0)), *(above[1] or [])]


def _listed(names: set[str]) -> str:
    return ", ".join(f"<{name}>" for name in sorted(names))
