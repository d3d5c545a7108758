"""Versions of models from before pipelines registered what they evaluated."""

from typing import Annotated

from settings.types import Section, pattern

MOST_EARLIER_VERSIONS = 10
"""As many as a function's environment variables, which have 4 KB together, leave room for.

Source: AWS Lambda Developer Guide, "Lambda quotas".
"""

_Sha256 = Annotated[str, pattern(r"[0-9a-f]{64}", "give a SHA-256 as 64 hexadecimal digits, lower case")]


class EarlierVersion(Section):
    """A version that was approved before versions carried digests. The refusal of its release has all three values."""

    version: Annotated[
        str,
        pattern(
            r"[a-z0-9](-*[a-z0-9])*-p-[a-z0-9]{12}/[1-9]\d*", "give group and number, as in abalone-p-1a2b3c4d5e6f/3"
        ),
    ]
    """Group and number of the version, as its ARN ends."""
    model_sha256: _Sha256
    """SHA-256 of the artifact that was evaluated and approved. What was served has it in the address of its artifact."""
    container_sha256: _Sha256
    """SHA-256 of its image and environment."""

    @property
    def evidence(self) -> dict[str, str]:
        """Return what a pipeline would have registered with it."""
        return {"model-sha256": self.model_sha256, "container-sha256": self.container_sha256}
