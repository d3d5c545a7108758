"""One sandbox for the files of this folder; each continues from the state that the one before it left."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.actors import connected
from tests.e2e.sandbox import Sandbox


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    found = Sandbox(tmp_path_factory.mktemp("demo") / "sandbox")
    yield found
    found.call("down")


@pytest.fixture(scope="package")
def demo(sandbox: Sandbox) -> subprocess.CompletedProcess[str]:
    """The first run of the demo, from nothing."""
    return sandbox.call("demo")


@pytest.fixture(scope="package")
def demonstrated(sandbox: Sandbox, demo: subprocess.CompletedProcess[str]) -> Iterator[Sandbox]:
    """The sandbox after the first demo; AWS clients of this process are connected to it."""
    assert demo.returncode == 0, demo.stdout + demo.stderr
    with connected(sandbox):
        yield sandbox
