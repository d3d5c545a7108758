"""What the demo shows in the end: a summary on the terminal, and one page with pictures."""

from sandbox.page.render import write
from sandbox.page.summary import print_summary

__all__ = ["print_summary", "write"]
