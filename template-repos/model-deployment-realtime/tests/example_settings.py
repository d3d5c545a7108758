"""The settings that the tests run with: those of the repository may change, and only have to be possible."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from deployment import settings, smoke
from mlops_platform import REPOSITORY
from mlops_platform.project.settings_file import SettingsError
from mlops_platform.release import DeploymentError, known_rows

EXAMPLE = Path(__file__).with_name("settings.toml")
try:
    settings.read(REPOSITORY / "settings.toml")
    known_rows.read_rows(smoke.ROWS)
except (SettingsError, DeploymentError) as error:
    sys.exit(f"error: {error}")  # in the place of a traceback for each file of tests


def changed(table: str, key: str, value: object) -> str:
    """Return the settings of the tests with another value, written as TOML, of one key."""
    before, heading, after = EXAMPLE.read_text().partition(f"[{table}]\n")
    lines = after.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith(f"{key} ="))
    lines[place] = f"{key} = {value}"
    return before + heading + "\n".join(lines)


@contextmanager
def in_force() -> Generator[None]:
    """Let the program and the commands read the settings of the tests, until the `with` statement ends."""
    read = settings.read

    def read_example(file: Path) -> settings.Settings:
        return read(EXAMPLE if file == REPOSITORY / "settings.toml" else file)

    with patch.object(settings, "read", read_example):
        yield
