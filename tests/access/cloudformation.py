"""Reads CloudFormation templates, whose short forms (`!Sub`, `!Ref`) plain YAML does not know."""

from pathlib import Path
from typing import Any

import yaml


class _ShortForms(yaml.SafeLoader):
    """Reads `!Sub text` as `{"Sub": text}`."""


def _construct(loader: yaml.SafeLoader, function: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            return {function: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {function: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {function: loader.construct_mapping(node, deep=True)}
        case _:
            raise TypeError(f"unexpected YAML: {node}")


_ShortForms.add_multi_constructor("!", _construct)  # pyright: ignore[reportUnknownMemberType]


def read_template(path: Path) -> dict[str, Any]:
    """The template in `path`; a function is a mapping from its name to its arguments."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_ShortForms)  # noqa: S506
