"""The demo's results: a summary on the terminal, and an HTML page with plots and drawings."""

from sandbox.demo.page.render import write
from sandbox.demo.page.summary import print_people, print_summary

__all__ = ["print_people", "print_summary", "write"]
