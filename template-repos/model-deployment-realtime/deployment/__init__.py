"""What the workflow does with one approved model version: deploy it, test it, and go back to an earlier one.

The endpoint itself is declared in `__main__.py` and `endpoint/`; this is everything around `pulumi up`.
"""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
"""The folder of this repository."""


class DeploymentError(Exception):
    """A model version is not deployed, not tested or not served; the message says why."""
