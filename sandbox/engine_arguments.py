"""The stack that a call of the engine is about, found in its arguments."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

DEFAULT = "dev"

_SWITCHES = "adefhijQruy"
"""Short options without a value, which may be combined with another: `-ys prod`. Source: pulumi/pulumi, pkg/cmd/pulumi."""
_WITH_VALUES = ("-C", "-F", "-c", "-m", "-p", "-t", "-v", "-x", "--cwd", "--config", "--message", "--target")
"""Options whose value might look like another option."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of the engine."""

    stack: str
    """Name of the stack, from `-s`, else from PULUMI_STACK, else `dev`."""
    words: Sequence[str]
    """The arguments that are no options known here: the command first."""


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Call:
    """Return the call with these arguments, all forms of `-s` and `--stack` considered; the last one counts.

    Raises:
        ValueError: `-s` has no value.
    """
    found, words = _parser().parse_known_args(arguments)
    stack = found.stack or environment.get("PULUMI_STACK") or DEFAULT
    return Call(stack=stack, words=[word for word in words if not word.startswith("-")])


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


@cache
def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-s", "--stack")
    for option in _WITH_VALUES:
        parser.add_argument(option, dest="ignored")
    for letter in _SWITCHES:
        parser.add_argument(f"-{letter}", action="store_true")
    return parser
