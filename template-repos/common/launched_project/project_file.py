"""project.toml, which the platform writes when a project is launched."""

import tomllib
from pathlib import Path
from typing import Any


class ProjectError(Exception):
    """project.toml is missing or incomplete."""


class ProjectFile:
    """The content of project.toml; remembers what was looked for and is not there."""

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise ProjectError(
                f"{file.name} is missing: launch a project from this template, and the platform writes it"
            )
        self._name = file.name
        self._content = tomllib.loads(file.read_text())
        self._missing: list[str] = []

    def value(self, table: str, key: str) -> Any:
        """A value, or None when the file lacks it: `check` then says so."""
        found = self._content.get(table, {}).get(key)
        if not found:
            self._missing.append(f"[{table}] {key}")
        return found

    def check(self) -> None:
        """Make sure that everything was there.

        Raises:
            ProjectError: the message lists everything that the file lacks.
        """
        if self._missing:
            raise ProjectError(f"{self._name} lacks {', '.join(self._missing)}")
