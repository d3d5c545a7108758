"""Removal of the demo's sandbox."""

import pytest

from tests.e2e.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_the_sandbox_is_removed_completely(demonstrated: Sandbox) -> None:
    assert demonstrated.call("down").returncode == 0
    assert not demonstrated.folder.exists()
    assert "no sandbox is running" in demonstrated.call("status").stderr
