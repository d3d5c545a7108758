"""The model version that a Pulumi program deploys."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Version:
    """A verified model version, as the deploy command passes it to the program in the configuration."""

    package_arn: str
    version: int
    image: str
    environment: Mapping[str, str]
    """Environment variables of the container."""
    artifact_uri: str
    sha256: str
    """Of the artifact, in hexadecimal digits."""

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read a value of the configuration."""
        return cls(**json.loads(text))

    def configuration(self) -> dict[str, Any]:
        """Return the value of the configuration."""
        return asdict(self)
