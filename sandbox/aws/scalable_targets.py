"""What Application Auto Scaling may scale: the targets that somebody registered."""

from collections.abc import Mapping
from typing import Any

from sandbox.aws import emulator

NAME = "application-autoscaling"

targets = emulator.scoped_store()
"""By the resource that is scaled."""


def variants_of(endpoint: str) -> frozenset[str]:
    """Names of an endpoint's variants that are registered."""
    prefix = f"endpoint/{endpoint}/variant/"
    return frozenset(name.removeprefix(prefix) for name in list(targets) if name.startswith(prefix))


def arn_of(members: Mapping[str, Any]) -> str | None:
    """ARN of the target that a request is about, if it is registered."""
    known: Mapping[str, Any] | None = targets.get(members.get("ResourceId"))
    return known["ScalableTargetARN"] if known else None
