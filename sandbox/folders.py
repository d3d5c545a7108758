"""Where a sandbox keeps its files. Everything lies in one folder of the checkout, which `make demo-down` removes."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The repository that the sandbox runs."""

SANDBOX = CHECKOUT / ".sandbox"
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
