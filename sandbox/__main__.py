"""The sandbox's command line: `python -m sandbox demo|down|launch|release|shell|status|permissions|logs`."""

import argparse
import json
import sys
from collections.abc import Callable

import psutil
from rich.console import Console

from sandbox import (
    environments,
    failures,
    image_environments,
    installation,
    logs,
    paths,
    servers,
    shell,
    stacks,
)
from sandbox.demo import application, catalog, launch, launching, projects, releases, releasing, reviews, runner, runs
from sandbox.permissions import page, reviewed, use

FAILURES = (
    *failures.FAILURES,
    application.ApplicationFailedError,
    catalog.OrderError,
    image_environments.InstallationError,
    launch.LaunchFailedError,
    logs.UnknownLogError,
    releases.ReleaseFailedError,
    releasing.NothingToReleaseError,
    reviewed.PermissionsDifferError,
    reviews.ReviewFailedError,
    runs.RunFailedError,
    shell.UnknownProfileError,
)
"""Errors whose message is enough for a person: it is printed without a traceback."""
RUNS = (releases.ReleaseFailedError, runs.RunFailedError)
"""Those of workflows, which the next demo runs again."""
INTERRUPTED = 130
"""Exit status of a program that ^C ended. Source: POSIX shells report 128 and the signal's number."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the program's exit code."""
    chosen = _parser().parse_args(arguments)
    console = Console()
    actions: dict[str, Callable[[], None]] = {
        "credentials": lambda: print(json.dumps(shell.credentials(chosen.profile))),  # noqa: T201 - it is the answer
        "demo": lambda: runner.run(console),
        "down": lambda: _down(console),
        "launch": lambda: _launch(console, chosen),
        "logs": lambda: logs.show(console, chosen.names),
        "permissions": lambda: _permissions(console, write=chosen.write),
        "release": lambda: releasing.run(console, chosen.run),
        "shell": lambda: shell.enter(chosen.line),
        "status": lambda: _status(console),
    }
    try:
        actions[chosen.command]()
    except FAILURES as error:
        _report(failures.explain(error))
        if chosen.command == "demo" and isinstance(error, RUNS):
            _report("Once the cause is mended, `make demo` tries it again.")
        return 1
    except KeyboardInterrupt:
        _report(_interrupted(chosen.command))
        return INTERRUPTED
    return 0


def _interrupted(command: str) -> str:
    """Say what an interruption left, and how to go on."""
    if command != "demo":
        return "Interrupted."
    left = "The servers still run" if servers.running() else "No server runs"
    return f"Interrupted. {left}; `make demo` goes on from here, and `make demo-down` removes everything."


def _report(text: str) -> None:
    Console(stderr=True).print(text, style="red", markup=False, highlight=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The whole platform on one machine.")
    choices = parser.add_subparsers(dest="command", required=True)
    choices.add_parser("demo", help="from an empty machine to a model in production; what exists already is kept")
    launching_one = choices.add_parser("launch", help="list the products of the catalog, or launch one and follow it")
    launching_one.add_argument("product", nargs="?", metavar="PRODUCT", help="words of the product's title")
    launching_one.add_argument("--name", help="name of the project")
    launching_one.add_argument(
        "--parameter", action="append", default=[], metavar="KEY=VALUE", help="a parameter of the product"
    )
    reviewing = choices.add_parser(
        "release", help="list the runs that wait for a review, or let one in as its reviewer and follow it"
    )
    reviewing.add_argument("run", nargs="?", type=int, metavar="RUN", help="id of a run that waits")
    choices.add_parser("down", help="stop the servers and remove everything that the sandbox wrote")
    choices.add_parser("status", help="show what is running, and where")
    checking = choices.add_parser("permissions", help="check that every permission was used, or has a reviewed reason")
    checking.add_argument("--write", action="store_true", help="write docs/permissions.md")
    logging = choices.add_parser("logs", help="list the logs of the servers and of the demo's steps, or print some")
    logging.add_argument("names", nargs="*", metavar="NAME", help="part of the name of a log to print, such as aws")
    entering = choices.add_parser("shell", help="a shell in which pulumi, aws, git and curl work against the sandbox")
    entering.add_argument("-c", dest="line", metavar="COMMAND", help="run this and return")
    answering = choices.add_parser("credentials", help="print credentials of a profile, for the aws command line")
    answering.add_argument("profile")
    return parser


def _launch(console: Console, chosen: argparse.Namespace) -> None:
    if chosen.product is None:
        if chosen.name or chosen.parameter:
            raise catalog.OrderError("name the product: without one, the command lists them")
        launching.show(console)
    else:
        launching.run(console, title=chosen.product, name=chosen.name, parameters=chosen.parameter)


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
        console.print(f"{name:<8}{server.url}  process {server.pid}, {memory:.0f} MiB", soft_wrap=True)
    console.print(f"files   {paths.SANDBOX}", soft_wrap=True)


def _permissions(console: Console, *, write: bool) -> None:
    found = servers.require()
    environments.enter(found.aws.url, found.trust)
    uses, listed = use.uses(found), reviewed.read()
    problems = list(reviewed.differences(uses, listed))
    text = page.page(uses, listed)
    if write:
        page.FILE.write_text(text, encoding="utf-8")
    elif page.without_uses(page.FILE.read_text(encoding="utf-8")) != page.without_uses(text):
        problems.append(
            f"{page.FILE.name} is of other permissions: write it again (python -m sandbox permissions --write)"
        )
    if problems and (more := projects.further(stacks.find("dev", found))):
        problems.append(
            f"This is meant for the projects of `make demo` alone, and there are further ones: {', '.join(more)}. Their roles count, too, "
            "and nothing may have used all of them: `make demo-down demo` starts anew without."
        )
    if problems:
        raise reviewed.PermissionsDifferError("\n".join(problems))
    console.print(
        f"{len(uses)} roles, {sum(len(each.granted) for each in uses)} permissions: each is used, or has a reason."
    )


if __name__ == "__main__":
    sys.exit(main())
