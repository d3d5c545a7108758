"""Errors of a configuration, in words that say what to do."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import pulumi
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.types import Section

NAMESPACE = "mlops-platform"
"""The Pulumi project, and the namespace of its configuration."""

MOVED: Mapping[str, str] = {"projects": "development.projects", "studio": "development.studio"}
"""Settings of stacks that were deployed before they got another place, and that place."""

Path = Sequence[int | str]
"""Keys and positions that lead to a setting."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One setting that is wrong."""

    key: str
    """Path of the setting, such as `network.cidr` or `development.studio.userProfiles[1].role`."""
    value: str
    """Its value, as far as that may be shown."""
    remedy: str
    """The change that makes it right."""


class SettingsError(pulumi.RunError):
    """The configuration of a stack cannot be used."""

    problems: Sequence[Problem]

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        lines = [f"  {NAMESPACE}:{problem.key} = {problem.value}\n      {problem.remedy}" for problem in problems]
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        super().__init__("\n".join([f"{count} wrong; nothing was created or changed.", *lines]))


def explain(error: ValidationError, root: type[Section]) -> SettingsError:
    """Return every problem that pydantic found in the settings of a `root`."""
    problems = [
        _problem(detail, root)
        for detail in error.errors(include_url=False)
        # A default that depends on another setting has no problem of its own.
        if detail["type"] != "default_factory_not_called"
    ]
    return SettingsError(sorted(problems, key=lambda problem: problem.key))


def _problem(detail: ErrorDetails, root: type[Section]) -> Problem:
    path = list(detail["loc"])
    if path[0] == "network":
        del path[1:2]  # the kind of network that pydantic took it for
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    if detail["type"] == "missing":
        field = _fields(path[:-1], root).get(str(path[-1]))
        return Problem(key=key, value="(not set)", remedy=f"set it: {field and field.description}")
    return Problem(key=key, value=_shown(key, detail["input"]), remedy=_remedy(detail, path, root))


def _remedy(detail: ErrorDetails, path: Path, root: type[Section]) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "platform":
            return str(context["text"])
        case "extra_forbidden":
            return _unknown_key(path, root)
        case "literal_error":
            return f"choose {context['expected']}"
        case "string_type":
            return "write it in quotes"
        case "int_type" | "int_parsing" | "int_from_float":
            return "write a whole number"
        case "bool_type" | "bool_parsing":
            return "write true or false"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"write keys with their values: {', '.join(_fields(path, root)) or 'name: value'}"
        case "list_type":
            return "write a list"
        case "ip_v4_network":
            return "give a network in CIDR form, whose address has no bit beyond the prefix, such as 10.16.0.0/16"
        case "too_short":
            return f"list at least {context['min_length']}"
        case "too_long":
            return f"list at most {context['max_length']}, because a role's policies have no room for more"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bounds = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
            return "choose " + ", ".join(
                f"{words} {context[name]}" for name, words in bounds.items() if name in context
            )
        case _:
            return detail["msg"]


def _unknown_key(path: Path, root: type[Section]) -> str:
    name = str(path[-1])
    if len(path) == 1 and name in MOVED:
        section, _, key = MOVED[name].partition(".")
        return f"it has moved: write it below {NAMESPACE}:{section}, as {key} (CHANGELOG.md shows how)"
    known = list(_fields(path[:-1], root))
    section, _, key = name.partition(".")
    if key and section in known:
        return f"settings of a section are nested: move it below {NAMESPACE}:{section}, as {key}"
    close = difflib.get_close_matches(name, known, n=1)
    likely = f"did you mean {close[0]}? " if close else ""
    return f"there is no such setting: {likely}known here: {', '.join(known)}"


def _shown(key: str, value: object) -> str:
    """Shorten `value` for a message, and hide one that may be a secret."""
    if re.search(r"token|secret|password|credential|key", key, re.IGNORECASE):
        return "(not shown)"
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _fields(path: Path, root: type[Section]) -> dict[str, FieldInfo]:
    """Return the settings that are known in the section at `path`, by their keys."""
    sections = [root]
    for part in path:
        if isinstance(part, str):
            annotations = [found[part].annotation for found in map(_own_fields, sections) if part in found]
            sections = [section for annotation in annotations for section in _sections(annotation)]
    return {key: field for section in sections for key, field in _own_fields(section).items()}


def _own_fields(section: type[Section]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _sections(annotation: object) -> Iterator[type[Section]]:
    """Find the sections in the type of a field: in a list, among alternatives, or alone."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)
