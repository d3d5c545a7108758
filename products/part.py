"""Parts of templates: YAML in `parts/` in which `<name>` stands for a value that is known when a template is published."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import Comment
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, ScalarString

from products.yaml_tree import is_function, is_list, is_map, round_trip

PARTS = Path(__file__).parent / "parts"

_PLACEHOLDER = re.compile(r"<([^<>]*)>")
_NO_TEXT = {"false", "n", "no", "null", "off", "on", "true", "y", "yes"}
"""Words that some readers of YAML take for something else than text, unless they are in quotes."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a template."""

    name: str
    """Name of its file in `parts/`, without the suffix."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of this part alone, by the names of their placeholders."""

    def text(self) -> str:
        """Return what its file says."""
        return (PARTS / f"{self.name}.yaml").read_text(encoding="utf-8")


class PartReader:
    """Reader of a part that fills in its placeholders and attaches each comment to the entry below it."""

    def __init__(self, name: str, text: str, values: Mapping[str, str]) -> None:
        self._name = name
        self._values = values
        self._lines = text.splitlines()
        self.used: set[str] = set()

    def read(self) -> Any:
        """Return the part as a tree.

        Raises:
            ValueError: it names a value that is not given.
        """
        tree: Any = round_trip().load("\n".join(self._lines))
        return self._filled(tree, line=-1)

    def _filled(self, node: Any, line: int) -> Any:
        """Return the node with its placeholders filled in; the comment above its `line` belongs to its parent's entry.

        ruamel does not know where the entries of a tagged node are, such as the arguments of !Equals.
        """
        if is_map(node):
            entries = [(key, *(node.lc.key(key) or (line, 0)), value) for key, value in node.items()]
            node.clear()
            # ruamel attaches a comment to whatever is above it, from where it would not follow its entry.
            setattr(node, Comment.attrib, Comment())
            for key, at, column, value in entries:
                name = self._scalar(key)
                node[name] = self._filled(value, at)
                self._comment(node, name, at if at != line else None, column)
            return node
        if is_list(node):
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
        if is_function(node):
            node.value = self._text(node.value)
            return node
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
            raise ValueError(f"{self._name}.yaml names {match[0]}, which is not given")
        self.used.add(match[1])
        return self._values[match[1]]
