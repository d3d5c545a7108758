"""The settings that the tests run with: those of the repository may change.

Those of steps and definition are of dev, in the repository's own settings.toml: they train from its data, with its hyperparameters.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from pipeline import environments, this_machine
from pipeline.environments import Environment

from mlops_platform import REPOSITORY
from mlops_platform.project.settings_file import SettingsError

FILE = REPOSITORY / "settings.toml"
EXAMPLE = Path(__file__).with_name("settings.toml")
"""Settings of all environments, for the tests of commands."""
try:
    SETTINGS = environments.read(FILE)["dev"].settings
    this_machine.data_file(SETTINGS)
except SettingsError as error:
    sys.exit(f"error: {error}")  # in the place of a traceback


@contextmanager
def in_force() -> Generator[None]:
    """Let the commands read the settings of the tests, with this repository's data, until the `with` statement ends."""
    read = environments.read

    def read_example(file: Path) -> dict[str, Environment]:
        found = read(EXAMPLE if file == FILE else file)
        return {
            name: replace(each, settings=replace(each.settings, data=SETTINGS.data)) for name, each in found.items()
        }

    with patch.object(environments, "read", read_example):
        yield
