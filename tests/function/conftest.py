"""The shared folder goes into the archive of every function, and so onto Python's path; the same is done here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "components" / "function" / "shared"))
