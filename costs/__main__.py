"""Command line: show the costs of the checked-in settings, write them into the page, or compare a stack with its last update."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from decimal import Decimal

import pulumi

from bootstrap.errors import BootstrapError
from costs import page, price_list, stacks, tables
from costs.environment import Environment, NoPricesError, all_of_them, of_stack


def main(arguments: list[str]) -> int:
    """Run a command, and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m costs", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("show", help="show the costs of all stacks (the default)")
    commands.add_parser("page", help="write the tables of docs/costs.md")
    difference = commands.add_parser("compare", help="say how a stack's idle month differs from what is deployed")
    difference.add_argument("stack", choices=stacks.names(), help="name of the stack")
    difference.add_argument(
        "deployed", help="what `pulumi stack output --json` writes; `new` for a new stack, `unread` if that failed"
    )
    parsed = parser.parse_args(arguments)
    try:
        match parsed.command:
            case "page":
                text = page.updated(page.PAGE.read_text(encoding="utf-8"), all_of_them())
                page.PAGE.write_text(text, encoding="utf-8")
            case "compare":
                environments, reasons = _priced([parsed.stack])
                print(*(compared(each, parsed.deployed) for each in environments), *reasons, sep="\n")  # noqa: T201
            case _:
                environments, reasons = _priced(stacks.names())
                costs = [shown(environments, shutil.get_terminal_size().columns)] if environments else []
                print(*costs, *reasons, sep="\n\n")  # noqa: T201
    except (pulumi.RunError, BootstrapError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _priced(names: Sequence[str]) -> tuple[Sequence[Environment], Sequence[str]]:
    """Return the environments of stacks, and for each whose region has no prices the reason why it is missing."""
    environments, reasons = list[Environment](), list[str]()
    for name in names:
        try:
            environments.append(of_stack(name))
        except NoPricesError as error:
            reasons.append(str(error))
    return environments, reasons


def shown(environments: Sequence[Environment], width: int | None = None) -> str:
    """Return the costs of all stacks, for a terminal of that width."""
    read_on = price_list.read_on().isoformat()
    parts = [
        (
            f"An idle month at list prices of {read_on}; what it leaves out: docs/costs.md",
            tables.idle_months(environments),
        ),
        ("The idle month with each way to AWS and the internet:", tables.ways_out(environments)),
        ("The idle month as keys are rotated:", tables.with_rotated_keys(environments)),
        ("What else costs, once somebody chooses it:", tables.additions(environments)),
    ]
    return "\n\n".join(f"{title}\n\n{table.text(width)}" for title, table in parts)


def compared(environment: Environment, deployed: str) -> str:
    """Say in a sentence how the idle month of a stack differs from that of its last update.

    Args:
        environment: the stack.
        deployed: the outputs of its last update as JSON; `new` if there was none, `unread` if they cannot be read.
    """
    now = environment.idle_month.usd
    sentence = f"An idle month of {environment.name} costs {now} USD"
    match deployed:
        case "new":
            return f"{sentence}; the stack is new."
        case "unread":
            return f"{sentence}; what is deployed could not be read: the job's log says why."
        case _:
            estimate = json.loads(deployed).get("idleMonthUsd")
    if estimate is None:
        return f"{sentence}; what is deployed has no estimate."
    before = Decimal(str(estimate)).quantize(now)
    if now == before:
        return f"{sentence}, as before."
    more = "more" if now > before else "less"
    return f"{sentence}: {abs(now - before)} {more} than the {before} USD of what is deployed."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
