"""The page of all settings, docs/settings.md, written from their declarations."""

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

One environment is one file, `Pulumi.{stack}.yaml`, in which the keys below stand under `config:`, the first of each path after
`mlops-platform:` (`mlops-platform:unit`). `Pulumi.dev.yaml` is an example. `pulumi config set --path mlops-platform:network.cidr
10.16.0.0/16 -s dev` writes one. All mistakes are reported at once, each with what to do, before anything is created.
"""


def page() -> str:
    """Return the text of the page."""
    return "\n".join([INTRODUCTION, *_tables("", Settings)])


def _tables(path: str, section: type[Section]) -> Iterator[str]:
    """Yield the table of a section, whose keys follow `path`, and the tables of the sections in it."""
    schema = section.model_json_schema()
    title = f"`{path.removesuffix('.')}`" if path else "The whole file"
    yield f"## {title}\n\n{schema['description']}\n"
    yield "| key | value | unless it is set | meaning |\n| --- | --- | --- | --- |"
    fields = {field.alias or name: field for name, field in section.model_fields.items()}
    for key, field in fields.items():
        kind = _kind(schema["properties"][key])
        yield f"| `{path}{key}` | {kind} | {_default(field)} | {field.description} |"
    yield ""
    for key, field in fields.items():
        for inner in _sections(field.annotation):
            many = "[]" if schema["properties"][key].get("type") == "array" else ""
            yield from _tables(f"{path}{key}{many}.", inner)


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
            return "one of the sections below"
        case {"$ref": _}:
            return "section, below"
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"type": "array", "items": items}:
            return f"list{_limits(schema, 'minItems', 'maxItems')}: {_kind(items)}"
        case {"type": "object"}:
            return "mapping of texts"
        case {"type": "integer"}:
            return f"whole number{_limits(schema, 'ge', 'le')}"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "string", "format": "ipv4network"}:
            return "addresses, such as `10.16.0.0/16`"
        case {"type": "string"}:
            return "text"
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
        return "follows from others"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Section):
        return "as below"
    if value is None or value in ([], {}):
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return ", ".join(f"`{each}`" for each in value) if isinstance(value, list) else f"`{value}`"
