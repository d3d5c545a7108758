"""The deployment's commands; `python -m deployment --help` lists them."""

import sys

from deployment import runs, settings, smoke
from deployment.deploy import deploy
from deployment.retire import retire
from deployment.settings import Settings
from mlops_platform import REPOSITORY
from mlops_platform.release import command_line
from mlops_platform.release.command_line import Command

OWN: list[Command[Settings]] = [
    Command(
        name="run",
        help="score a window now",
        arguments={"window": "name of its folder, such as 2026-11-28T01:00:00Z"},
        run=runs.run,
    ),
    Command(
        name="backfill",
        help="score the windows of a period that the version which runs has not scored yet",
        arguments={
            "first": "first window, or the beginning of its name",
            "last": "last window, or the beginning of its name",
        },
        run=runs.backfill,
    ),
    Command(name="status", help="show what runs, and how the last runs went", arguments={}, run=runs.status),
]


def main(arguments: list[str]) -> None:
    """Run one command."""
    commands = command_line.Commands(
        settings=lambda: settings.read(REPOSITORY / "settings.toml"),
        deploy=deploy,
        test=smoke.command,
        retire=retire,
        own=OWN,
    )
    command_line.main(arguments, commands)


if __name__ == "__main__":
    main(sys.argv[1:])
