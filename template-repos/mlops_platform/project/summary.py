"""Report results: on the terminal, and in the summary of a workflow run."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def publish(markdown: str) -> None:
    """Print a report, and add it to the summary of the workflow run if this is one."""
    sys.stdout.write(markdown)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a") as stream:
            stream.write(markdown)


def table(rows: Mapping[str, str]) -> str:
    """Return names and values as a Markdown table without headings."""
    return "| | |\n|---|---|\n" + "".join(f"| {key} | {value} |\n" for key, value in rows.items())
