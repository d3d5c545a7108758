"""The folders of the archive that Lambda unpacks are put on Python's path, as it does."""

import sys
from pathlib import Path

COMPONENTS = Path(__file__).parents[2] / "components"
sys.path[:0] = [str(COMPONENTS / "deployment_trigger" / "function"), str(COMPONENTS / "function" / "shared")]
