"""The patterns of branch, tag and path filters, and those of the refs that enter an environment.

Sources: GitHub Docs, "Workflow syntax", filter pattern cheat sheet; "Deployments and environments", which refers to
Ruby's File.fnmatch with FNM_PATHNAME.
"""

import re
from collections.abc import Sequence

_FNMATCH_TOKENS = re.compile(r"(?:(?<=/)|^)\*\*/|\*+|\?|\[[!^]?[^\]/]+\]|\\.|.")
_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\+|\[[^\]]+\]|\\.|.")


def selected(patterns: Sequence[str], name: str) -> bool:
    """Whether a list of patterns selects a name; the last match decides, `!` excludes."""
    decision = False
    for pattern in patterns:
        excludes = pattern.startswith("!")
        if _expression(pattern.removeprefix("!")).fullmatch(name):
            decision = not excludes
    return decision


def fnmatch(pattern: str, name: str) -> bool:
    """Whether Ruby's File.fnmatch selects a name: no wildcard but `**/` stands for a slash."""
    parts: list[str] = []
    for token in _FNMATCH_TOKENS.findall(pattern):
        match token:
            case "**/":
                parts.append("(?:[^/]+/)*")
            case _ if not token.strip("*"):
                parts.append("[^/]*")
            case "?":
                parts.append("[^/]")
            case _ if token.startswith("[") and len(token) > 1:
                excluded, chosen = token[1] in "!^", token[1:-1].lstrip("!^").replace("\\", "\\\\")
                parts.append(f"(?!/)[{'^' if excluded else ''}{chosen}]")
            case _:
                parts.append(re.escape(token[1:] if len(token) > 1 else token))
    return re.fullmatch("".join(parts), name) is not None


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
