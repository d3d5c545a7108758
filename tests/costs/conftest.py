"""Environments with the checked-in settings, as the program run without an account declares them."""

from collections.abc import Mapping

import pytest

from costs.environment import Environment, all_of_them


@pytest.fixture(scope="session")
def environments() -> Mapping[str, Environment]:
    """Each environment by its name; only to be read."""
    return {each.name: each for each in all_of_them()}
