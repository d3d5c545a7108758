"""settings.toml: one dataclass per table, and every mistake in one message."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints


class SettingsError(Exception):
    """settings.toml is wrong; the message lists every mistake."""

    def __init__(self, file: Path, problems: Iterable[str]) -> None:
        super().__init__(f"{file.name}:\n" + "\n".join(f"  {problem}" for problem in problems))


def load(file: Path) -> dict[str, Any]:
    """Return the file's content, unchecked.

    Raises:
        SettingsError: it is no TOML in UTF-8.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SettingsError(file, [f"it is not in UTF-8: byte {error.start + 1}"]) from error
    except tomllib.TOMLDecodeError as error:
        written = "text is in quotes, true and false are small, and a number has a decimal point: 0.05"
        raise SettingsError(file, [f"it is no TOML: {error}; {written}"]) from error


def read(file: Path, tables: Mapping[str, type]) -> dict[str, Any]:
    """Return every table of the file as an instance of its dataclass.

    Raises:
        SettingsError: a key is missing, unknown or of the wrong type; all such keys are listed.
    """
    content = load(file)
    if found := problems(content, tables):
        raise SettingsError(file, found)
    return {table: shape(**content[table]) for table, shape in tables.items()}


def require(file: Path, checks: Mapping[str, object]) -> None:
    """Make sure that every check holds.

    Args:
        file: the file that the settings were read from.
        checks: by the problem that there is if the value is false.

    Raises:
        SettingsError: the problems of all checks that do not hold.
    """
    if found := [problem for problem, holds in checks.items() if not holds]:
        raise SettingsError(file, found)


def problems(content: Mapping[str, Any], tables: Mapping[str, type], *, free: Iterable[str] = ()) -> list[str]:
    """Return every key that is missing, unknown or of the wrong type.

    Args:
        content: the result of `load`.
        tables: the shape of each table, a dataclass.
        free: tables whose keys are not checked here.
    """
    found = [f"[{table}] is unknown" for table in content if table not in {*tables, *free}]
    for table, shape in tables.items():
        found.extend(_problems(table, shape, content.get(table, {})))
    return found


def _problems(table: str, shape: type, content: Mapping[str, Any]) -> list[str]:
    expected = get_type_hints(shape)
    unknown = [f"[{table}] {key} is unknown" for key in content if key not in expected]
    missing = [f"[{table}] {field.name} is missing" for field in fields(shape) if field.name not in content]
    wrong = [
        f"[{table}] {key} is {value!r}, expected {_describe(expected[key])}"
        for key, value in content.items()
        if key in expected and not _fits(value, expected[key])
    ]
    return [*unknown, *missing, *wrong]


def _fits(value: Any, expected: Any) -> bool:
    if get_origin(expected) is list:
        return isinstance(value, list) and all(_fits(each, get_args(expected)[0]) for each in cast("list[Any]", value))
    if isinstance(value, bool) or expected is bool:
        return isinstance(value, bool) and expected is bool
    return isinstance(value, (int, float) if expected is float else expected)


def _describe(expected: Any) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(expected, "a list of texts")
