"""Fixtures of the release function's tests."""

import pytest

from tests.functions.model_release.fakes import Fakes


@pytest.fixture
def fakes() -> Fakes:
    """An approved version that was never released."""
    return Fakes()
