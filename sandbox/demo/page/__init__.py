"""The demo's results: a summary on the terminal, and an HTML page with plots and drawings."""

from sandbox.demo.page.projects import CALL
from sandbox.demo.page.projects import show as show_projects
from sandbox.demo.page.render import write
from sandbox.demo.page.summary import print_people, print_summary

__all__ = ["CALL", "print_people", "print_summary", "show_projects", "write"]
