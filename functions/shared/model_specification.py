"""The digest by which an account recognizes the container that was approved in another one."""

import hashlib
import json
from collections.abc import Mapping

DECISIVE = ("Image", "ImageDigest", "ModelDataUrl", "Environment")
"""Members of a model package's container that decide what is served.

Source: Amazon SageMaker API Reference, ModelPackageContainerDefinition.
"""

METADATA = "specification-sha256"
"""Key of the digest in the metadata of a frozen artifact."""


def specification_digest(container: Mapping[str, object]) -> str:
    """Return the SHA-256 of what is served by a container of a model package, in hexadecimal digits."""
    decisive = {name: container[name] for name in DECISIVE if container.get(name)}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
