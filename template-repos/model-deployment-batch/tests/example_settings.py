"""The settings that the tests run with: those of the repository may change."""

from pathlib import Path

EXAMPLE = Path(__file__).with_name("settings.toml")
