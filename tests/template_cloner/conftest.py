"""The function's folder is what Lambda unpacks and puts on Python's path; the same is done here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "components" / "template_cloner" / "function"))
