"""The metadata of a registered version, by which it is known again whoever acts between its evaluation and its release.

The platform compares the artifact and the container of a version with `model-sha256` and `container-sha256` when it is
approved, and again when an account releases it; nobody may change these after the registration. The others say what made it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from mlops_platform.pipeline.expressions import Json, nested_steps

DEFINITION = "definition-sha256"


def evidence(*, artifact: str | Json, container: Mapping[str, Any], commit: str) -> Json:
    """Return the `CustomerMetadataProperties` of a version; SageMaker itself adds the execution (`GeneratedBy`).

    Args:
        artifact: SHA-256 of the artifact that was evaluated, computed by the step that evaluated it.
        container: the container that is registered.
        commit: the commit that the definition was made from.
    """
    return {
        "model-sha256": artifact,
        "container-sha256": container_digest(container),
        DEFINITION: "",
        "source-commit": commit,
    }


def container_digest(container: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a container's image and environment; the artifact has one of its own."""
    decisive = {name: container[name] for name in ("Environment", "Image") if container.get(name)}
    return _digest(decisive)


def sealed(definition: Json) -> Json:
    """Return a definition whose versions name the definition that made them, by its digest."""
    return _with_digest(definition, definition_digest(definition))


def definition_digest(definition: Json) -> str:
    """Return the SHA-256 of a definition, apart from where it names that itself."""
    return _digest(_with_digest(definition, ""))


def _with_digest(definition: Json, digest: str) -> Json:
    copy: Json = cast("Json", json.loads(json.dumps(definition)))
    for step in nested_steps(copy["Steps"]):
        properties = step["Arguments"].get("CustomerMetadataProperties", {})
        if DEFINITION in properties:
            properties[DEFINITION] = digest
    return copy


def _digest(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
