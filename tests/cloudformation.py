"""Reads, resolves and lints CloudFormation templates."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

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


_Loader.add_multi_constructor("!", _function)


def parse(text: str) -> dict[str, Any]:
    """Read a template; `!Sub text` becomes `{"Fn::Sub": "text"}`."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506


def findings(template: Path, *, regions: Sequence[str] = (), informational: bool = False) -> list[str]:
    """Return what cfn-lint says about a template."""
    # Imported here because that takes seconds, and every worker collects every test.
    from cfnlint.api import ManualArgs, lint_file

    settings = ManualArgs(include_checks=["I"] if informational else [])
    if regions:
        settings["regions"] = list(regions)
    return [str(match) for match in lint_file(template, settings)]


def resolved(
    node: Any,
    named: Callable[[str], str],
    mappings: Mapping[str, Any],
    completed: Callable[[str], str] = lambda text: text,
) -> Any:
    """A part of a template with its references and functions filled in.

    Args:
        node: the part.
        named: what a name that the template refers to stands for, `Role.Arn` among them.
        mappings: the template's.
        completed: what becomes of a text, after its names are filled in if it has any.

    Raises:
        NotImplementedError: it uses a function that is not known here.
    """
    if isinstance(node, list):
        return [resolved(each, named, mappings, completed) for each in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return completed(node) if isinstance(node, str) else node
    values = cast("dict[str, Any]", node)
    if len(values) == 1:
        [(function, argument)] = values.items()
        match function:
            case "Ref":
                return named(argument)
            case "Fn::GetAtt":
                return named(".".join(argument))
            case "Fn::FindInMap":
                section, first, second = resolved(argument, named, mappings, completed)
                return mappings[section][first][second]
            case "Fn::Sub":
                text, names = (argument, dict[str, Any]()) if isinstance(argument, str) else argument
                own: dict[str, str] = resolved(names, named, mappings, completed)
                return completed(re.sub(r"\$\{([^}]+)\}", lambda match: own.get(match[1]) or named(match[1]), text))
            case _ if function.startswith("Fn::"):
                raise NotImplementedError(function)
            case _:
                pass
    return {key: resolved(value, named, mappings, completed) for key, value in values.items()}
