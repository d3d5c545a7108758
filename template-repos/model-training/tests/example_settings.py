"""The settings that the tests run with: this repository's own, without what they say of the data and the record of main's runs."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from pipeline import this_machine, training_settings
from pipeline.training_settings import Source, Tracking, TrainingSettings, Trial

from mlops_platform import REPOSITORY
from mlops_platform.project.settings_file import SettingsError

FILE = REPOSITORY / "settings.toml"
try:
    SETTINGS = replace(
        training_settings.read(FILE),
        source=Source(feature_group=""),
        tracking=Tracking(mlflow=False),
        trial=Trial(rows=1000),
    )
    this_machine.data_file(SETTINGS)
except SettingsError as error:
    sys.exit(f"error: {error}")  # in the place of a traceback


@contextmanager
def in_force() -> Generator[None]:
    """Let the commands read the settings of the tests, until the `with` statement ends."""
    read = training_settings.read

    def read_example(file: Path) -> TrainingSettings:
        return SETTINGS if file == FILE else read(file)

    with patch.object(training_settings, "read", read_example):
        yield
