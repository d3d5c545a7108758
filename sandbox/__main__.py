"""The sandbox's command line: `python -m sandbox demo|down|shell|status|permissions|logs`."""

import argparse
import json
import sys
from collections.abc import Callable

import psutil
from rich.console import Console

from sandbox import (
    commands,
    environments,
    http_client,
    image_environments,
    installation,
    paths,
    permissions,
    servers,
    shell,
)
from sandbox.demo import application, launch, releases, runner, training

FAILURES = (
    application.ApplicationFailedError,
    commands.CommandFailedError,
    image_environments.InstallationError,
    http_client.RefusedError,
    launch.LaunchFailedError,
    releases.ReleaseFailedError,
    servers.NotRunningError,
    servers.NotStartedError,
    training.TrainingFailedError,
)
"""Errors whose message is enough for a person: it is printed without a traceback."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the program's exit code."""
    chosen = _parser().parse_args(arguments)
    console = Console()
    actions: dict[str, Callable[[], None]] = {
        "credentials": lambda: print(json.dumps(shell.credentials(chosen.profile))),  # noqa: T201 - it is the answer
        "demo": lambda: runner.run(console),
        "down": lambda: _down(console),
        "logs": lambda: _logs(console),
        "permissions": lambda: _permissions(console),
        "shell": lambda: shell.enter(chosen.line),
        "status": lambda: _status(console),
    }
    try:
        actions[chosen.command]()
    except FAILURES as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The whole platform on one machine.")
    choices = parser.add_subparsers(dest="command", required=True)
    choices.add_parser("demo", help="from an empty machine to a model in production; what exists already is kept")
    choices.add_parser("down", help="stop the servers and remove everything that the sandbox wrote")
    choices.add_parser("status", help="show what is running, and where")
    choices.add_parser("permissions", help="show what each role may do, and which of it was used so far")
    choices.add_parser("logs", help="print the logs of the servers and of the demo's steps")
    entering = choices.add_parser("shell", help="a shell in which pulumi, aws, git and curl work against the sandbox")
    entering.add_argument("-c", dest="line", metavar="COMMAND", help="run this and return")
    answering = choices.add_parser("credentials", help="print credentials of a profile, for the aws command line")
    answering.add_argument("profile")
    return parser


def _down(console: Console) -> None:
    stopped = servers.stop()
    installation.remove()
    console.print("The sandbox is gone." if stopped else "No sandbox was running; its files are gone.")


def _status(console: Console) -> None:
    found = servers.require()
    for name, server in (("AWS", found.aws), ("GitHub", found.github)):
        process = psutil.Process(server.pid)
        family = [process, *process.children(recursive=True)]
        memory = sum(member.memory_info().rss for member in family) / 2**20
        console.print(f"{name:<8}{server.url}  process {server.pid}, {memory:.0f} MiB")
    console.print(f"files   {paths.SANDBOX}")


def _permissions(console: Console) -> None:
    found = servers.require()
    environments.enter(found.aws.url, found.trust)
    permissions.show(console, found)


def _logs(console: Console) -> None:
    for path in sorted(paths.LOGS.glob("*.log")):
        console.rule(path.name)
        console.print(path.read_text(), markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
