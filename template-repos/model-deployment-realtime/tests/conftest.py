"""Fixtures of all tests."""

from collections.abc import Iterator

import pytest
from example_settings import in_force


@pytest.fixture
def example_settings() -> Iterator[None]:
    """Let the program read the settings of the tests."""
    with in_force():
        yield
