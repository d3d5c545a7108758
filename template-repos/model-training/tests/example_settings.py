"""The settings that the tests run with: this repository's own."""

from pipeline import settings

from mlops_platform import REPOSITORY

SETTINGS = settings.read(REPOSITORY / "settings.toml")
