"""Code that launched repositories share. The platform owns this folder: an upgrade of the template replaces it."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
"""The folder of the repository that carries this one."""
