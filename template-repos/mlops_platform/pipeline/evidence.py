"""The evidence that is registered with a version, by which it is known again whoever acts between its evaluation and its release.

The version's description says what made it, and the digests of its container and of its artifact: SageMaker has no operation that changes
it. The platform compares both when the version is approved, and again when an account releases it.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from mlops_platform.pipeline.expressions import Json, join, nested_steps

DESCRIPTION = "ModelPackageDescription"
"""Argument of RegisterModel with the evidence."""


_BEGINNING = "Made from commit"


def evidence(*, artifact: str | Json, container: Mapping[str, Any]) -> Json:
    """Return the description of a version, before its definition is sealed.

    Args:
        artifact: SHA-256 of the artifact that was evaluated, computed by the step that evaluated it.
        container: the container that is registered.
    """
    return join(" ", [f"Its container has the SHA-256 {container_digest(container)}, its artifact", artifact])


def registered_artifact(described: Json) -> str | None:
    """Return the SHA-256 of a version's artifact, as SageMaker describes the version; None if it does not say.

    The job of the evaluation writes it: a description with more than that is none of a pipeline's.
    """
    found = re.fullmatch(
        rf"{_BEGINNING} \S+ by [^.]+\. Its container has the SHA-256 [0-9a-f]{{64}}, its artifact ([0-9a-f]{{64}})",
        described.get(DESCRIPTION, ""),
    )
    return found and found[1]


def container_digest(container: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a container's image and environment; the artifact has one of its own."""
    return _digest({name: container[name] for name in ("Environment", "Image") if container.get(name)})


def sealed(definition: Json, commit: str) -> Json:
    """Return a definition whose versions name the commit that it was made from, and its own digest."""
    said = f"Made from commit {commit} by the pipeline definition with the SHA-256 {definition_digest(definition)}."
    return _beginning(definition, [said])


def commit_of(definition: Json) -> str:
    """Return the commit that a sealed definition was made from."""
    [commit] = {
        commit
        for step in nested_steps(definition["Steps"])
        if step["Type"] == "RegisterModel"
        for commit in re.findall(rf"{_BEGINNING} (\S+) by ", json.dumps(step["Arguments"].get(DESCRIPTION)))
    }
    return commit


def definition_digest(definition: Json) -> str:
    """Return the SHA-256 of a definition, apart from the beginnings of descriptions in which it names that itself."""
    return _digest(unsealed(definition))


def unsealed(definition: Json) -> Json:
    """Return a definition without what its descriptions say of its commit and its digest."""
    return _beginning(definition, [])


def _beginning(definition: Json, said: Sequence[str]) -> Json:
    """Return a definition in which the descriptions of versions begin so, instead of as they did."""
    copy: Json = cast("Json", json.loads(json.dumps(definition)))
    for step in nested_steps(copy["Steps"]):
        if step["Type"] == "RegisterModel":
            # Definitions from before descriptions had digests have a text alone.
            described: Any = step["Arguments"].pop(DESCRIPTION, "")
            values: list[Any] = described["Std:Join"]["Values"] if isinstance(described, dict) else [described]
            kept = [each for each in values if each and not str(each).startswith(_BEGINNING)]
            if said or kept:
                step["Arguments"][DESCRIPTION] = join(" ", [*said, *kept])
    return copy


def _digest(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
