"""project.toml, which the platform writes when a project is launched."""

import tomllib
from pathlib import Path
from typing import Any


class ProjectError(Exception):
    """project.toml is missing or incomplete."""


class ProjectFile:
    """The content of project.toml; records which of the requested values are missing."""

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise ProjectError(
                f"{file.name} is missing: launch a project from this template, and the platform writes it"
            )
        self._name = file.name
        self._content = tomllib.loads(file.read_text())
        self._missing: list[str] = []

    def value(self, table: str, key: str) -> Any:
        """Return a value, or None if the file lacks it, which `check` then reports."""
        found = self._content.get(table, {}).get(key)
        if not found:
            self._missing.append(f"[{table}] {key}")
        return found

    def optional(self, table: str, key: str, default: Any) -> Any:
        """Return a value, or the default if the file lacks it."""
        return self._content.get(table, {}).get(key, default)

    def check(self) -> None:
        """Make sure that no requested value is missing.

        Raises:
            ProjectError: the message lists everything that the file lacks.
        """
        if self._missing:
            raise ProjectError(f"{self._name} lacks {', '.join(self._missing)}")
