"""Programs that `make setup` installs for the tests beside this program's own environment."""

from pathlib import Path

import pytest

from sandbox import environments

CHECKOUT = Path(__file__).parents[1]


def require_local_aws() -> None:
    """Fail, saying what to run, unless the local AWS is installed."""
    if not (CHECKOUT / "sandbox" / "aws" / ".venv").is_dir():
        pytest.fail("the local AWS is not installed: run `make setup`")


def local_aws_python(*arguments: str) -> list[str]:
    """Return the command that runs the interpreter of the local AWS in this checkout."""
    require_local_aws()
    return [*environments.uv("run", "--project", "sandbox/aws", "--frozen", "--no-sync", "python"), *arguments]
