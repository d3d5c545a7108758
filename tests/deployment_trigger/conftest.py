"""The folders of the archive that Lambda unpacks are put on Python's path, as it does, and the component is rendered."""

import sys
from pathlib import Path

import pytest

from tests.deployment_trigger.stack import trigger_stack
from tests.rendering import Rendering

COMPONENTS = Path(__file__).parents[2] / "components"
sys.path[:0] = [str(COMPONENTS / "deployment_trigger" / "function"), str(COMPONENTS / "function" / "shared")]


@pytest.fixture(scope="package")
def stack() -> Rendering:
    """A stack with nothing but the trigger and what it stands on."""
    return trigger_stack()
