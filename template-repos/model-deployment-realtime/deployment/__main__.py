"""The deployment's commands; `python -m deployment --help` lists them."""

import sys

from deployment import settings, smoke
from deployment.deploy import deploy
from deployment.retire import retire
from mlops_platform import REPOSITORY
from mlops_platform.release import command_line


def main(arguments: list[str]) -> None:
    """Run one command."""
    commands = command_line.Commands(
        settings=lambda: settings.read(REPOSITORY / "settings.toml"), deploy=deploy, test=smoke.command, retire=retire
    )
    command_line.main(arguments, commands)


if __name__ == "__main__":
    main(sys.argv[1:])
