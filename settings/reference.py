"""The page of all settings, docs/settings.md, written from their declarations."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

from settings.stack import Settings
from settings.types import Section

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
INTRODUCTION = """\
# Settings

Written by `python -m settings` from the declarations in `settings/`; change those instead.

The settings of one environment are one file, `Pulumi.{stack}.yaml`, such as `Pulumi.dev.yaml`. The keys below stand there under
`config:`, nested at their dots, and the first part of each follows `mlops-platform:`. `network.cidr` is written so:

```yaml
config:
  mlops-platform:network:
    cidr: 10.16.0.0/16
```

`pulumi config set --path mlops-platform:network.cidr 10.16.0.0/16 -s dev` writes the same. All mistakes are reported at once, each with
what to do, before anything is created. [Words of the platform](architecture.md#words) explains the terms.
"""


def page() -> str:
    """Return the text of the page."""
    return "\n".join([INTRODUCTION, *_tables("The whole file", "", Settings)])


def _tables(title: str, path: str, section: type[Section]) -> Iterator[str]:
    """Yield the table of a section, whose keys follow `path`, and the tables of the sections in it."""
    schema = section.model_json_schema()
    yield f"## {title}\n\n{schema['description']}\n"
    yield "| key | value | default | meaning |\n| --- | --- | --- | --- |"
    fields = {field.alias or name: field for name, field in section.model_fields.items()}
    for key, field in fields.items():
        kind = _kind(schema["properties"][key])
        yield f"| `{path}{key}` | {kind} | {_default(field)} | {_in_one_line(field.description or '')} |"
    yield ""
    for key, field in fields.items():
        sections = list(_sections(field.annotation))
        for inner in sections:
            inner_path = f"{path}{key}{'[]' if schema['properties'][key].get('type') == 'array' else ''}"
            # Alternatives have one path, and are told apart by what they are.
            which = f": {_in_words(inner.__name__)}" if len(sections) > 1 else ""
            yield from _tables(f"`{inner_path}`{which}", f"{inner_path}.", inner)


def _in_words(name: str) -> str:
    """Return the name of a class in words: `new network` of `NewNetwork`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _in_one_line(description: str) -> str:
    """Return a description as the cell of a table: paragraphs and the items of a list begin after a line break."""
    parts = re.split(r"\n\s*\n|\n(?=\s*- )", description.strip())
    return "<br>".join(" ".join(part.split()) for part in parts)


def _sections(annotation: Any) -> Iterator[type[Section]]:
    """Yield the sections in a field's type, such as both in a choice of two."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)


def _kind(schema: Mapping[str, Any]) -> str:
    """Return the type in words, with its limits."""
    match schema:
        case {"anyOf": [kind, {"type": "null"}]}:
            return _kind(kind)
        case {"oneOf": _}:
            return "one of the sections of this name below"
        case {"$ref": _}:
            return "section, below"
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"type": "array", "items": items}:
            return f"list{_limits(schema, 'minItems', 'maxItems')}: {_kind(items)}"
        case {"type": "object"}:
            return "mapping of strings"
        case {"type": "integer"}:
            return f"whole number{_limits(schema, 'ge', 'le')}"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "string", "format": "ipv4network"}:
            return "addresses, such as `10.16.0.0/16`"
        case {"type": "string"}:
            return "string"
        case _:
            raise ValueError(f"the page has no words for this type yet: {schema}")


def _limits(schema: Mapping[str, Any], lowest: str, highest: str) -> str:
    match schema.get(lowest), schema.get(highest):
        case None, None:
            return ""
        case low, None:
            return f" (at least {low})"
        case low, high:
            return f" ({low} to {high})"


def _default(field: FieldInfo) -> str:
    """Return the value of a setting that is not given, in words."""
    if field.is_required():
        return "required"
    if field.default_factory_takes_validated_data:
        return "derived from others"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Section):
        return "the defaults below"
    if value is None:
        return "not set"
    if value in ([], {}):
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return ", ".join(f"`{each}`" for each in value) if isinstance(value, list) else f"`{value}`"
