"""The difference between two definitions of a pipeline, as people read it: code and settings, and no ids of an account."""

import difflib
import json
import re
from collections.abc import Mapping

from mlops_platform.pipeline.evidence import unsealed
from mlops_platform.pipeline.expressions import Json

_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:(?:[\w-]+[/:])*([^\"/:\s]+)")
"""An ARN, and the name at its end."""
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


def readable(definition: Json, names: Mapping[str, str]) -> list[str]:
    """Return the lines of a definition, in one order, with names in place of ARNs and account ids.

    Args:
        definition: the definition; the commit that its models name is left out.
        names: what to write for ids that say nothing by themselves, such as that of a subnet.
    """
    text = json.dumps(unsealed(definition), indent=2, sort_keys=True)
    for value in sorted(names, key=len, reverse=True):
        text = text.replace(value, f"<{names[value]}>")
    return _ACCOUNT.sub("<account>", _ARN.sub(r"<\1>", text)).splitlines()


def difference(live: Json | None, proposed: Json, names: Mapping[str, str]) -> list[str]:
    """Return a unified difference; empty if the definitions are the same.

    Args:
        live: the definition that runs; None if none does, and all is new.
        proposed: the definition that would run.
        names: as for `readable`.
    """
    before = [] if live is None else readable(live, names)
    return list(difflib.unified_diff(before, readable(proposed, names), "live", "proposed", lineterm=""))


def markdown(environment: str, lines: list[str]) -> str:
    """Return a difference as a section of a report."""
    heading = f"### {environment}\n\n"
    if not lines:
        return f"{heading}The pipeline that is live stays as it is.\n\n"
    # No text of a definition ends the block: JSON writes each line with an indentation, or a bracket, before it.
    return heading + "\n".join(["```diff", *lines, "```"]) + "\n\n"
