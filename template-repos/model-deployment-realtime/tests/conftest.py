"""Fixtures of all tests."""

from pathlib import Path

import pytest
from example_settings import EXAMPLE

from deployment import settings
from mlops_platform import REPOSITORY


@pytest.fixture
def example_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program read the settings of the tests."""
    read = settings.read

    def read_example(file: Path) -> settings.Settings:
        return read(EXAMPLE if file == REPOSITORY / "settings.toml" else file)

    monkeypatch.setattr(settings, "read", read_example)
