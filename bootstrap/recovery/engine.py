"""The Pulumi engine as a function: arguments and standard input in, standard output out."""

import os
import subprocess
from collections.abc import Callable, Sequence

from bootstrap import login
from bootstrap.account import Account
from bootstrap.errors import BootstrapError
from bootstrap.names import Names

Pulumi = Callable[[Sequence[str], str], str]
"""Runs the engine with arguments and a text on its standard input; returns its standard output."""


def engine(account: Account, names: Names, stack: str) -> Pulumi:
    """Return the engine, logged in to the environment's state; it must run in the project's folder."""
    environment = os.environ | dict(login.variables(account, names))

    def run(arguments: Sequence[str], text: str) -> str:
        try:
            done = subprocess.run(
                ["pulumi", *arguments, "--stack", stack],
                env=environment,
                input=text,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise BootstrapError("pulumi is not on PATH.") from None
        if done.returncode != 0:
            printed = (done.stderr.strip() or done.stdout.strip()).splitlines()[-15:]
            raise BootstrapError("\n".join([f"pulumi {' '.join(arguments[:2])} failed:", *printed]))
        return done.stdout

    return run
