"""The evidence that is registered with a version, by which it is known again whoever acts between its evaluation and its release.

The platform compares the artifact and the container of a version with its metadata when it is approved, and again when an
account releases it; only the pipeline may write them. The version's description says what made it: SageMaker has no operation
that changes it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, cast

from mlops_platform.pipeline.expressions import Json, nested_steps

_DESCRIPTION = "ModelPackageDescription"
MODEL = "model-sha256"
"""Key of the SHA-256 of the artifact."""


def evidence(*, artifact: str | Json, container: Mapping[str, Any]) -> Json:
    """Return the `CustomerMetadataProperties` of a version.

    Args:
        artifact: SHA-256 of the artifact that was evaluated, computed by the step that evaluated it.
        container: the container that is registered.
    """
    return {MODEL: artifact, "container-sha256": container_digest(container)}


def container_digest(container: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a container's image and environment; the artifact has one of its own."""
    return _digest({name: container[name] for name in ("Environment", "Image") if container.get(name)})


def sealed(definition: Json, commit: str) -> Json:
    """Return a definition whose versions name the commit that it was made from, and its own digest."""
    said = f"Made from commit {commit} by the pipeline definition with the SHA-256 {definition_digest(definition)}"
    return _with_description(definition, {_DESCRIPTION: said})


def commit_of(definition: Json) -> str:
    """Return the commit that a sealed definition was made from."""
    [said] = {
        step["Arguments"][_DESCRIPTION]
        for step in nested_steps(definition["Steps"])
        if step["Type"] == "RegisterModel" and _DESCRIPTION in step["Arguments"]
    }
    [commit] = re.findall(r"^Made from commit (\S+) by ", said)
    return commit


def definition_digest(definition: Json) -> str:
    """Return the SHA-256 of a definition, apart from the descriptions in which it names that itself."""
    return _digest(unsealed(definition))


def unsealed(definition: Json) -> Json:
    """Return a definition without the descriptions that name its commit and its digest."""
    return _with_description(definition, {})


def _with_description(definition: Json, description: Json) -> Json:
    copy: Json = cast("Json", json.loads(json.dumps(definition)))
    for step in nested_steps(copy["Steps"]):
        if step["Type"] == "RegisterModel":
            step["Arguments"].pop(_DESCRIPTION, None)
            step["Arguments"].update(description)
    return copy


def _digest(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
