"""Report results: on the terminal, and in the summary of a workflow run."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn


def publish(markdown: str) -> None:
    """Print a report, and add it to the summary of the workflow run if this is one."""
    sys.stdout.write(markdown)
    _add(markdown)


def fail(error: Exception) -> NoReturn:
    """Exit with 1 and the message of an error that its user can act on, which the summary of the workflow run shows, too.

    Raises:
        SystemExit: always.
    """
    # Indented lines are shown as they are, whatever they contain.
    _add("\n## Failed\n\n" + "".join(f"    {line}\n" for line in str(error).splitlines()) + "\n")
    sys.exit(f"error: {error}")


def _add(markdown: str) -> None:
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(markdown)


def table(rows: Mapping[str, str]) -> str:
    """Return names and values as a Markdown table without headings."""
    return "| | |\n|---|---|\n" + "".join(f"| {key} | {value} |\n" for key, value in rows.items())
