"""A project template as it is published: its text for one environment, and the name that its content gives it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PRODUCTS = Path(__file__).parent / "products"
FIRST_VERSION = Path(__file__).parent / "first-version.yaml"
SAGEMAKER_IMAGES = Path(__file__).parent / "sagemaker-images.yaml"

_SECTION = re.compile(r"(?:(?: .*|#.*)?\n)*")
"""What follows a section's name: indented lines, comments and empty ones."""

Sections = dict[str, dict[str, str]]
"""The text of each entry of each section; a section that is one line has one entry, without a name."""


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


def template_of_product(key: str, *, unit: str, environment: str, extends: str | None = None) -> Template:
    """The template of the product `key`, told where one environment keeps its parameters.

    A product that `extends` another consists of the other's template and what its own file adds to it or replaces.

    Raises:
        ValueError: the template does not have exactly one place for each of the two names.
    """
    text = _product(key)
    if extends is not None:
        text = composed(_product(extends), text)
    return Template(key=key, text=filled_in(with_images(text), {"Unit": unit, "Environment": environment}))


def first_version() -> Template:
    """The template that refuses to be launched."""
    return Template(key="first-version", text=FIRST_VERSION.read_text(encoding="utf-8"))


def with_images(text: str) -> str:
    """A template with the mapping SageMakerImages: the accounts that own SageMaker's images, by region."""
    return composed(text, SAGEMAKER_IMAGES.read_text(encoding="utf-8"))


def filled_in(text: str, names: Mapping[str, str]) -> str:
    """A template whose mapping Platform has these values for its names.

    Raises:
        ValueError: the template does not have exactly one place for each name.
    """
    before, heading, rest = text.partition("Mappings:\n")
    for name, value in names.items():
        mappings = _SECTION.match(rest)
        end = mappings.end() if mappings else 0
        filled, places = re.subn(rf'(?m)^( {{6}}{name}: "?)[^\s"]+("?)$', rf"\g<1>{value}\g<2>", rest[:end])
        if places != 1:
            raise ValueError(f"the mapping Platform needs exactly one line '{name}: …', it has {places}")
        rest = filled + rest[end:]
    return before + heading + rest


def composed(base: str, addition: str) -> str:
    """The template `base` with each entry of `addition`: added to its section, or in the place of its namesake.

    Works on text, so that what people read in the published template is what was written: a section begins at the start
    of a line, an entry two spaces further, and a comment belongs to the entry that follows it.
    """
    sections = _sections(base)
    for section, entries in _sections(addition).items():
        sections.setdefault(section, {}).update(entries)
    return "\n".join(
        f"{section}:{entries['']}" if "" in entries else f"{section}:\n" + _spaced(section, entries)
        for section, entries in sections.items()
    )


def _product(key: str) -> str:
    return (PRODUCTS / f"{key}.yaml").read_text(encoding="utf-8")


def _sections(text: str) -> Sections:
    sections: Sections = {}
    for section, rest, body in re.findall(rf"(?m)^(\w+):(.*)\n({_SECTION.pattern})", text):
        if rest:
            sections[section] = {"": f"{rest}\n"}
            continue
        entries = re.findall(r"(?m)((?:^ {2}#.*\n)*^ {2}([\w:]+):.*\n(?:(?: {3}.*)?\n)*)", body)
        sections[section] = {name: f"{entry.rstrip()}\n" for entry, name in entries}
    return sections


def _spaced(section: str, entries: Mapping[str, str]) -> str:
    return ("\n" if section == "Resources" else "").join(entries.values())
