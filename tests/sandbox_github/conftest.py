"""Fixtures: a GitHub in this process, and one in a process of its own that git and act can reach."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_github.client import Client, seed, start
from tests.sandbox_github.remote import Remote, running


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Client]:
    """A fresh GitHub in this process, called by the organization's owner."""
    client = start(tmp_path, seed())
    yield client
    client.github.close()


@pytest.fixture(scope="session")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """A GitHub in a process of its own, over TLS."""
    with running(tmp_path_factory.mktemp("github"), seed()) as found:
        yield found
