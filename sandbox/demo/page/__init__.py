"""What the demo shows in the end: a summary on the terminal, and one page with pictures."""

from sandbox.demo.page.render import write
from sandbox.demo.page.summary import print_summary

__all__ = ["print_summary", "write"]
