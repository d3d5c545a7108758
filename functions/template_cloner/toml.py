"""The part of TOML that `project.toml` needs: Python reads TOML but does not write it."""

import re
import tomllib
from collections.abc import Mapping, Sequence

Value = str | int | bool | Sequence[str]
Tables = Mapping[str, Mapping[str, Value]]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_NEEDS_ESCAPE = re.compile(r'[\x00-\x1f\x7f"\\]')


def write(tables: Tables) -> str:
    """Return the text of a file with these tables; tables and keys keep their order."""
    return "\n".join(
        "".join([f"[{_key(table)}]\n", *(f"{_key(key)} = {_value(value)}\n" for key, value in values.items())])
        for table, values in tables.items()
    )


def read_table(text: str, table: str) -> dict[str, str]:
    """Return the strings in one table of a file's text; empty when the text isn't TOML or has no such table."""
    try:
        values = tomllib.loads(text).get(table)
    except tomllib.TOMLDecodeError:
        return {}
    if not isinstance(values, dict):
        return {}
    return {key: value for key, value in values.items() if isinstance(key, str) and isinstance(value, str)}


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _value(value: Value) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return f"[{', '.join(_string(item) for item in value)}]"


def _string(text: str) -> str:
    escaped = _NEEDS_ESCAPE.sub(lambda match: _ESCAPES.get(match[0], f"\\u{ord(match[0]):04x}"), text)
    return f'"{escaped}"'
