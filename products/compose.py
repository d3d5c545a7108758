"""Compose a CloudFormation template from parts, as text that reads as if it were written by hand.

A part is YAML in `parts/`. In it, `<name>` stands for a value that is known when the template is published; in keys and
comments, too. CloudFormation's own `${Name}` and `{{resolve:…}}` are left to CloudFormation.

Parts add to each other: mappings are merged, lists are joined, and items of a list with the same `Sid` or `Label` are one.
A mapping tagged `!Json` is published as the text of that document: CloudFormation makes none without a macro.
A comment belongs to the entry directly below it; several parts' comments on one entry stand together. A comment with an empty line below it is about the part itself.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import Comment, CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import CommentMark
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, ScalarString
from ruamel.yaml.tag import Tag
from ruamel.yaml.tokens import CommentToken

PARTS = Path(__file__).parent / "parts"
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

_PLACEHOLDER = re.compile(r"<([^<>]*)>")
_IDENTITIES = ("Sid", "Label")
_NO_TEXT = {"false", "n", "no", "null", "off", "on", "true", "y", "yes"}
"""Words that are not text without quotes, to some reader of YAML; nor is a value that begins with a digit."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a template."""

    name: str
    """Name of its file in `parts/`, without the suffix."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of this part alone, by the names of their placeholders."""


def composed(parts: Sequence[Part], values: Mapping[str, str]) -> str:
    """The template that `parts` make, with `values` in the places of their placeholders.

    Args:
        parts: the parts, in the order in which their entries are published.
        values: what every part may name, by the names of the placeholders.

    Raises:
        ValueError: a part names a value that is not given; a value is given that no part names; or two parts say
            different things in the same place.
    """
    template: Any = CommentedMap()
    unused = set(values)
    for part in parts:
        reader = _Reader(part, values)
        _merge(template, reader.read(), part.name)
        unused -= reader.used
        if surplus := set(part.values) - reader.used:
            raise ValueError(f"{part.name}.yaml does not use {_listed(surplus)}")
    if unused:
        raise ValueError(f"no part uses {_listed(unused)}")
    names = ", ".join(dict.fromkeys(part.name for part in parts))
    return _written(template, f"Composed of {names}, in products/parts/ of the platform's repository: change it there.")


class _Reader:
    """Reads a part, fills in its placeholders, and attaches each comment to the entry below it."""

    def __init__(self, part: Part, values: Mapping[str, str]) -> None:
        self._part = part
        self._values = {**values, **part.values}
        self._lines = (PARTS / f"{part.name}.yaml").read_text(encoding="utf-8").splitlines()
        self.used: set[str] = set()

    def read(self) -> Any:
        """The part as a tree of ruamel's."""
        tree: Any = _yaml().load("\n".join(self._lines))
        return self._filled(tree, line=-1)

    def _filled(self, node: Any, line: int) -> Any:
        """The node with its placeholders filled in; the comment above its `line` belongs to what holds it.

        ruamel does not know where the entries of a tagged node are, such as the arguments of !Equals.
        """
        if _is_map(node):
            entries = [(key, *(node.lc.key(key) or (line, 0)), value) for key, value in node.items()]
            node.clear()
            # ruamel attaches a comment to whatever is above it, from where it would not follow its entry.
            setattr(node, Comment.attrib, Comment())
            for key, at, column, value in entries:
                name = self._scalar(key)
                node[name] = self._filled(value, at)
                self._comment(node, name, at if at != line else None, column)
            return node
        if _is_list(node):
            setattr(node, Comment.attrib, Comment())
            for index, value in enumerate(node):
                at, column = node.lc.item(index) or (line, 0)
                node[index] = self._filled(value, at)
                self._comment(node, index, at if at != line else None, column - 2)
            return node
        return self._scalar(node)

    def _comment(self, node: Any, key: object, line: int | None, column: int) -> None:
        if line is None:
            return
        first = line
        while first and self._lines[first - 1].lstrip().startswith("#"):
            first -= 1
        if first < line:
            text = "\n".join(each.strip().removeprefix("#").strip() for each in self._lines[first:line])
            node.yaml_set_comment_before_after_key(key, before=self._text(text), indent=column)

    def _scalar(self, node: Any) -> Any:
        if isinstance(node, TaggedScalar):
            tagged: Any = node
            tagged.value = self._text(tagged.value)
            return tagged
        if not isinstance(node, str):
            return node
        text = self._text(node)
        if isinstance(node, ScalarString):
            return type(node)(text)
        plain = text == node or (text[:1].isalpha() and text.lower() not in _NO_TEXT)
        return text if plain else DoubleQuotedScalarString(text)

    def _text(self, text: str) -> str:
        return _PLACEHOLDER.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        if match[1] not in self._values:
            raise ValueError(f"{self._part.name}.yaml names {match[0]}, which is not given")
        self.used.add(match[1])
        return self._values[match[1]]


def _merge(base: Any, addition: Any, place: str) -> None:
    """Add the entries of `addition`, with their comments, to `base`."""
    for key, value in addition.items():
        here = f"{place}: {key}"
        _add_comment(addition, key, base, key)
        if key not in base:
            base[key] = value
        elif _is_map(base[key]) and _is_map(value):
            _merge(base[key], value, here)
        elif _is_list(base[key]) and _is_list(value):
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
    return next((item[key] for key in _IDENTITIES if key in item), None) if _is_map(item) else None


def _add_comment(source: Any, key: object, target: Any, new_key: object) -> None:
    """Put the comment of one entry above another, below what it has already, unless it says the same."""
    if key in source.ca.items:
        above = target.ca.items.setdefault(new_key, [None, [], None, None])
        said = [token.value for token in above[1]]
        above[1] += [token for token in source.ca.items[key][1] if token.value not in said]


def _plain(node: Any) -> object:
    """A scalar in a form that can be compared: with its tag."""
    tagged: Any = node
    return (str(tagged.tag), tagged.value) if isinstance(node, TaggedScalar) else node


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
    _yaml().dump(ordered, text)
    return text.getvalue()


def _write_json(node: Any) -> None:
    """Put JSON, in whose texts CloudFormation fills in its references, in the place of each mapping tagged `!Json`."""
    entries = node.items() if _is_map(node) else enumerate(node) if _is_list(node) else ()
    for key, value in list(entries):
        if _is_map(value) and value.tag.value == "!Json":
            text = json.dumps(_document(value), indent=2, ensure_ascii=False)
            node[key] = TaggedScalar(text, style="|", tag=Tag(suffix="!Sub"))
        else:
            _write_json(value)


def _document(node: Any) -> object:
    if _is_map(node):
        return {key: _document(value) for key, value in node.items()}
    if _is_list(node):
        return [_document(value) for value in node]
    if isinstance(node, TaggedScalar):
        tagged: Any = node
        return tagged.value if tagged.tag.value == "!Sub" else f"${{{tagged.value}}}"
    return node


def _set_apart(node: Any, *, skip: int) -> None:
    """Put an empty line before each entry but the first ones, above its comment."""
    for key in list(node)[skip:]:
        above = node.ca.items.setdefault(key, [None, [], None, None])
        above[1] = [CommentToken("\n", CommentMark(0)), *(above[1] or [])]


def _yaml() -> Any:
    yaml: Any = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _is_map(node: Any) -> bool:
    return isinstance(node, CommentedMap)


def _is_list(node: Any) -> bool:
    return isinstance(node, CommentedSeq)


def _listed(names: set[str]) -> str:
    return ", ".join(f"<{name}>" for name in sorted(names))
