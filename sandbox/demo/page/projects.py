"""The section of the demo's page about launched projects, which each launch writes anew."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import jinja2

from sandbox.demo.projects import LaunchedProject

TEMPLATE = Path(__file__).parent / "projects.html.jinja"
CALL = ".venv/bin/python -m sandbox launch"
_BEGIN, _END = "<!-- projects -->", "<!-- end of projects -->"


def section(projects: Sequence[LaunchedProject]) -> str:
    """Return the section, between marks by which it is found again."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    moment = datetime.now().astimezone().strftime("%H:%M:%S on %d %B %Y")
    text = environment.from_string(TEMPLATE.read_text()).render(projects=projects, moment=moment, call=CALL)
    return f"{_BEGIN}\n{text}\n{_END}"


def show(path: Path, projects: Sequence[LaunchedProject]) -> None:
    """Replace the section in a page, if the demo has written it."""
    if path.is_file():
        text = re.sub(f"{_BEGIN}.*{_END}", lambda _: section(projects), path.read_text(), flags=re.DOTALL)
        path.write_text(text)
