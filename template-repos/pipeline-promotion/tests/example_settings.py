"""The settings that the tests of steps and definition run with: this repository's own, of dev."""

from pipeline import environments

from mlops_platform import REPOSITORY

SETTINGS = environments.read(REPOSITORY / "settings.toml")["dev"].settings
