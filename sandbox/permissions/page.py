"""The page of permissions: roles in numbers, and the reasons for permissions that are granted without being used."""

import re
from collections.abc import Sequence
from pathlib import Path

from sandbox.permissions.reviewed import Unused
from sandbox.permissions.use import RoleUse

FILE = Path(__file__).parents[2] / "docs" / "permissions.md"
INTRODUCTION = """\
# Permissions

Written by `python -m sandbox permissions --write` after `make demo`; a test compares it with the roles of its own demo. `*` stands for
the id of a project. A permission that the demo does not use is removed, or listed in `sandbox/permissions/unused.toml` with the reason
why it is granted all the same.
"""


def page(uses: Sequence[RoleUse], listed: Sequence[Unused]) -> str:
    """Return the page as Markdown."""
    lines = [INTRODUCTION, "| role | actions granted | used by the demo |", "| --- | ---: | ---: |"]
    lines += [f"| `{use.name}` | {len(use.granted)} | {len(use.used)} |" for use in uses]
    granted, used = (sum(map(len, each)) for each in ((use.granted for use in uses), (use.used for use in uses)))
    lines.append(f"| together | {granted} | {used} |")
    lines += ["", "## Granted and not used here", "", "| why | roles | actions |", "| --- | --- | --- |"]
    lines += [f"| {each.reason} | {_code(each.roles)} | {_code(each.actions)} |" for each in listed]
    return "\n".join(lines) + "\n"


def without_uses(text: str) -> str:
    """Return a page without what was used: that may differ from run to run."""
    return re.sub(r"\d+ \|$", "|", text, flags=re.MULTILINE)


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
