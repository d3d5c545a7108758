"""The evidence that a project's pipeline registers with a version, by which it is known again whoever acts in between.

The pipeline writes it into the version's description, which SageMaker has no operation to change: the SHA-256 of the artifact that it
evaluated, and a digest of the image and the environment that serve it. A version of which the artifact or the container differs
is none that was evaluated.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from functions.shared.github_api.errors import ExplainedError

MODEL = "model-sha256"
"""Key of the SHA-256 of the artifact, in hexadecimal digits."""
CONTAINER = "container-sha256"
"""Key of the digest of the container."""
_REGISTERED = ("Environment", "Image")
"""Members of a container that the pipeline knows when it is defined. The artifact's address is known later; its content decides."""
_DESCRIPTION = re.compile(
    r"Made from commit \S+ by the pipeline definition with the SHA-256 [0-9a-f]{64}\. "
    r"Its container has the SHA-256 ([0-9a-f]{64}), its artifact ([0-9a-f]{64})"
)
"""The whole description (`mlops_platform/pipeline/evidence.py` of the training repository): the definition says all of it but the digest of
the artifact, which the job of the evaluation writes, and which is none of the evidence if anything else stands there."""


class EvidenceError(ExplainedError):
    """A version is not the one that was evaluated."""


class NoEvidenceError(EvidenceError):
    """A version does not say which one was evaluated: it was registered before versions did."""


def evidence_of(described: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what was registered with a model package, as SageMaker describes it; empty if it does not say."""
    said = _DESCRIPTION.fullmatch(str(described.get("ModelPackageDescription", "")))
    return {CONTAINER: said[1], MODEL: said[2]} if said else {}


def container_digest(container: Mapping[str, object]) -> str:
    """Return the SHA-256 of a container's image and environment, in hexadecimal digits."""
    decisive = {name: container[name] for name in _REGISTERED if container.get(name)}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def evaluated_artifact(evidence: Mapping[str, str], container: Mapping[str, object]) -> str:
    """Return the SHA-256 of the artifact that was evaluated, of a version whose container is the one that was registered.

    Raises:
        NoEvidenceError: the version was registered without evidence.
        EvidenceError: the container was changed.
    """
    if MODEL not in evidence or CONTAINER not in evidence:
        raise NoEvidenceError(
            "it was registered without the digests of what was evaluated: update the training repository from its template, "
            "train again, and approve the new version"
        )
    if container_digest(container) != evidence[CONTAINER]:
        raise EvidenceError(
            "its image or environment is not what the pipeline registered: somebody changed it since; train again, and "
            "approve the new version"
        )
    return evidence[MODEL]
