"""A published template, and the name that its content gives it."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Template:
    """The text of a CloudFormation template."""

    key: str
    """Name of the product, or whatever else it is the template of."""
    text: str

    @property
    def version(self) -> str:
        """A digest of the content: a published version never changes."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @property
    def object_name(self) -> str:
        """Name of the file that holds this version."""
        return f"{self.key}-{self.version}.yaml"
