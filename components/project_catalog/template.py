"""A project template as it is published: its text for one environment, and the name that its content gives it."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

PRODUCTS = Path(__file__).parent / "products"
FIRST_VERSION = Path(__file__).parent / "first-version.yaml"


@dataclass(frozen=True, kw_only=True)
class Template:
    """The text of a CloudFormation template."""

    key: str
    """Name of its file, without the suffix."""
    text: str

    @property
    def version(self) -> str:
        """Changes exactly when the content does, so that no published version ever changes."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @property
    def object_name(self) -> str:
        """Name of the file in which this very version is published."""
        return f"{self.key}-{self.version}.yaml"


def template_of_product(key: str, *, unit: str, environment: str) -> Template:
    """The template of the product `key`, told where one environment keeps its parameters.

    Raises:
        ValueError: the template does not have exactly one place for each of the two names.
    """
    text = (PRODUCTS / f"{key}.yaml").read_text(encoding="utf-8")
    for name, value in {"Unit": unit, "Environment": environment}.items():
        text, places = re.subn(rf"(?m)^( {{6}}{name}:) \S+$", rf"\1 {value}", text)
        if places != 1:
            raise ValueError(f"{key}.yaml: its mapping Platform needs exactly one line '{name}: …', it has {places}")
    return Template(key=key, text=text)


def first_version() -> Template:
    """The template that refuses to be launched."""
    return Template(key="first-version", text=FIRST_VERSION.read_text(encoding="utf-8"))
