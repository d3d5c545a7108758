"""A published template, and the name that its content gives it."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Template:
    """The text of a CloudFormation template."""

    key: str
    """Name of what it is the template of, such as a product."""
    text: str

    @property
    def version(self) -> str:
        """Changes exactly when the content does, so that no published version ever changes."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @property
    def object_name(self) -> str:
        """Name of the file in which this very version is published."""
        return f"{self.key}-{self.version}.yaml"
