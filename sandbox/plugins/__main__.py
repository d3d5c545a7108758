"""`python -m sandbox.plugins install --home PULUMI_HOME` makes an engine with that home use the stand-ins."""

import argparse
import sys
from pathlib import Path

from sandbox.plugins.install import install
from sandbox.plugins.resource import RefusedError


def main() -> int:
    """Install, and print the launchers."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.plugins", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("install", help="write the launchers of the stand-in plugins")
    command.add_argument("--home", type=Path, required=True, help="a PULUMI_HOME that is not your own")
    arguments = parser.parse_args()
    try:
        launchers = install(arguments.home)
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for launcher in launchers:
        sys.stdout.write(f"{launcher}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
