"""`drift`: differences between what an account has and what the program declares, found by a role that may only read.

Nothing is written, neither to the account nor to the state. What the stack has at GitHub is left out: only an owner of the
organization may read all of it, and no job without a review has such a token. `doctor` examines it.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bootstrap import additions, login
from bootstrap.errors import BootstrapError
from bootstrap.preview import account_of

AT_GITHUB = "urn:pulumi:**github:index/**"
"""Pattern of the URNs of resources at GitHub."""
SAME = ("same", "read", "refresh")
"""Operations of a preview that change nothing. A resource that was read again has a second one, if it differs."""

Capture = Callable[[Sequence[str], Mapping[str, str]], tuple[int, str]]
"""Runs a program with an environment; returns its exit status and its standard output."""


def find(stack: str, folder: Path, capture: Capture) -> Sequence[str]:
    """Return the resources of a stack that differ, and what its roles and functions have besides what it declares.

    Each is a line of Markdown, with the names of what differs and no values.

    Raises:
        BootstrapError: as for `account_of`, or the engine failed.
    """
    account, names = account_of(stack, folder)
    status, output = capture(
        ["pulumi", "preview", "--stack", stack, "--refresh", "--exclude", AT_GITHUB, "--json", "--non-interactive"],
        {**os.environ, **login.variables(account, names)},
    )
    if status != 0:
        raise BootstrapError(f"The engine cannot compare {stack} with its account: {_errors(output)}")
    steps = json.loads(output).get("steps", ())
    return [*(_line(step) for step in steps if step["op"] not in SAME), *additions.find(account, steps)]


def _errors(output: str) -> str:
    """Return the engine's messages: a preview as JSON has them, and what is none is a message itself."""
    try:
        found = [
            str(each["message"]) for each in json.loads(output).get("diagnostics", ()) if each["severity"] == "error"
        ]
    except ValueError:
        found = [output]
    return " ".join(" ".join(found).split())


def capture_in(folder: Path) -> Capture:
    """Return a function that runs programs in `folder`, with their standard error passed on."""

    def capture(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        try:
            done = subprocess.run(
                arguments, cwd=folder, env=dict(environment), stdout=subprocess.PIPE, text=True, check=False
            )
        except FileNotFoundError:
            raise BootstrapError(f"{arguments[0]} is not on PATH.") from None
        return done.returncode, done.stdout

    return capture


def _line(step: Mapping[str, Any]) -> str:
    kind, _, name = str(step["urn"]).partition("::")[2].partition("::")[2].partition("::")
    changed = sorted({str(path) for path in step.get("detailedDiff") or step.get("diffReasons") or ()})
    properties = f": {', '.join(f'`{path}`' for path in changed)}" if changed else ""
    return f"- {step['op']} `{kind.rpartition('$')[2]}` `{name}`{properties}"
