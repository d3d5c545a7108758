"""Paths of a sandbox's files. All are in one folder, which `make demo-down` removes."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The repository that the sandbox runs."""

SANDBOX = Path(os.environ.get("MLOPS_SANDBOX_FOLDER", CHECKOUT / ".sandbox"))
"""In the checkout, unless the variable names another folder: tests run sandboxes of their own beside yours."""

LOGS = SANDBOX / "logs"
PROGRAMS = SANDBOX / "bin"
"""Programs that a shell in the sandbox finds first."""
ENGINE = SANDBOX / "engine"
"""A link to the folder of the Pulumi engine."""
AWS = SANDBOX / "aws"
GITHUB = SANDBOX / "github"
CERTIFICATES = SANDBOX / "certificates"
STACKS = SANDBOX / "stacks"
"""The settings of each stack, as the sandbox deploys it."""
PULUMI_HOME = SANDBOX / "pulumi"
PAGE = SANDBOX / "index.html"
STATE = SANDBOX / "sandbox.json"
