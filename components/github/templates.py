"""The kinds of template repository, as template-repos/templates.toml lists them."""

import tomllib
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "template-repos" / "templates.toml"


def template_kinds(file: Path = FILE) -> list[str]:
    """Return the kinds of template repository, such as `model-training`."""
    return list(tomllib.loads(file.read_text(encoding="utf-8")))
