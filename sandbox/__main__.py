"""The sandbox's command line: `python -m sandbox demo|down|shell|status|permissions|logs`."""

import argparse
import json
import sys
from collections.abc import Callable

import psutil
from rich.console import Console

from sandbox import (
    application,
    commands,
    demo,
    environments,
    folders,
    installation,
    launch,
    permissions,
    releases,
    servers,
    shell,
    training,
    web,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the program's exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The whole platform on one machine.")
    choices = parser.add_subparsers(dest="command", required=True)
    choices.add_parser("demo", help="from an empty machine to a model in production; what is there already stays")
    choices.add_parser("down", help="stop the servers and remove everything that the sandbox wrote")
    choices.add_parser("status", help="say what is running, and where")
    choices.add_parser("permissions", help="what each role may do, and what of it was needed so far")
    choices.add_parser("logs", help="print what the servers and the steps of the demo wrote")
    entering = choices.add_parser("shell", help="a shell in which pulumi, aws, git and curl work against the sandbox")
    entering.add_argument("-c", dest="line", metavar="COMMAND", help="run this and return")
    answering = choices.add_parser("credentials", help="credentials of a profile, for the aws command line")
    answering.add_argument("profile")
    chosen = parser.parse_args(arguments)
    console = Console()
    actions: dict[str, Callable[[], None]] = {
        "credentials": lambda: print(json.dumps(shell.credentials(chosen.profile))),  # noqa: T201 - it is the answer
        "demo": lambda: demo.tell(console),
        "down": lambda: _down(console),
        "logs": lambda: _logs(console),
        "permissions": lambda: _permissions(console),
        "shell": lambda: shell.enter(chosen.line),
        "status": lambda: _status(console),
    }
    try:
        actions[chosen.command]()
    except (
        application.ApplicationFailedError,
        commands.CommandFailedError,
        launch.LaunchFailedError,
        releases.ReleaseFailedError,
        servers.NotRunningError,
        servers.NotStartedError,
        training.TrainingFailedError,
        web.RefusedError,
    ) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    return 0


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
    console.print(f"files   {folders.SANDBOX}")


def _permissions(console: Console) -> None:
    found = servers.require()
    environments.enter(found.aws.url, found.trust)
    permissions.show(console, found)


def _logs(console: Console) -> None:
    for path in sorted(folders.LOGS.glob("*.log")):
        console.rule(path.name)
        console.print(path.read_text(), markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
