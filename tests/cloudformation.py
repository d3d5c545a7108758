"""Reads and lints CloudFormation templates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):
    """Knows the short forms of functions, as plain YAML does not."""


def _function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    long_form = name if name in {"Ref", "Condition"} else f"Fn::{name}"
    match node:
        case yaml.ScalarNode():
            text = str(loader.construct_scalar(node))
            return {long_form: text.split(".", 1) if name == "GetAtt" else text}
        case yaml.SequenceNode():
            return {long_form: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {long_form: loader.construct_mapping(node, deep=True)}
        case _:
            raise TypeError(f"unexpected YAML: {node}")


_Loader.add_multi_constructor("!", _function)  # pyright: ignore[reportUnknownMemberType]


def parse(text: str) -> dict[str, Any]:
    """Read a template; `!Sub text` becomes `{"Fn::Sub": "text"}`."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506


def findings(template: Path, *, regions: Sequence[str] = (), informational: bool = False) -> list[str]:
    """Return what cfn-lint says about a template."""
    # Imported here because that takes seconds, and every worker collects every test.
    from cfnlint.api import ManualArgs, lint_file  # pyright: ignore[reportMissingTypeStubs]

    settings = ManualArgs(include_checks=["I"] if informational else [])
    if regions:
        settings["regions"] = list(regions)
    return [str(match) for match in lint_file(template, settings)]
