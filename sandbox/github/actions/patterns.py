"""The patterns of branch, tag and path filters.

Source: GitHub Docs, "Workflow syntax", filter pattern cheat sheet.
"""

import re
from collections.abc import Sequence

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\+|\[[^\]]+\]|\\.|.")


def selected(patterns: Sequence[str], name: str) -> bool:
    """Whether a list of patterns selects a name; the last pattern that matches decides, `!` excludes."""
    decision = False
    for pattern in patterns:
        excludes = pattern.startswith("!")
        if _expression(pattern.removeprefix("!")).fullmatch(name):
            decision = not excludes
    return decision


def _expression(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    for token in _TOKENS.findall(pattern):
        match token:
            case "**/":
                parts.append("(?:.*/)?")
            case "**":
                parts.append(".*")
            case "*":
                parts.append("[^/]*")
            case "?" | "+":
                # Quantifiers of the character before them, not wildcards.
                parts.append(token)
            case _ if token.startswith("["):
                parts.append(token)
            case _:
                parts.append(re.escape(token.removeprefix("\\")))
    return re.compile("".join(parts))
