"""One sandbox for the files of this folder, which tell one story: each goes on from what the one before it left."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.actors import reached
from tests.e2e.sandbox import Sandbox


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    found = Sandbox(tmp_path_factory.mktemp("demo") / "sandbox")
    yield found
    found.call("down")


@pytest.fixture(scope="package")
def demo(sandbox: Sandbox) -> subprocess.CompletedProcess[str]:
    """The first demo, from nothing."""
    return sandbox.call("demo")


@pytest.fixture(scope="package")
def demonstrated(sandbox: Sandbox, demo: subprocess.CompletedProcess[str]) -> Iterator[Sandbox]:
    """The sandbox after the first demo, its accounts within reach."""
    assert demo.returncode == 0, demo.stdout + demo.stderr
    with reached(sandbox):
        yield sandbox
