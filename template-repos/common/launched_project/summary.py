"""What a command came to, in words: for the terminal and for the summary of a workflow run."""

import os
import sys
from pathlib import Path


def publish(markdown: str) -> None:
    """Print a report, and add it to the summary of the workflow run if this is one."""
    sys.stdout.write(markdown)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a") as stream:
            stream.write(markdown)
