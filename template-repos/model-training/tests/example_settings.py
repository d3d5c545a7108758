"""The settings that the tests run with: this repository's own."""

from pipeline import training_settings

from mlops_platform import REPOSITORY

SETTINGS = training_settings.read(REPOSITORY / "settings.toml")
