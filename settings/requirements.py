"""The keys, buckets and private endpoints that each part of the platform requires of its foundations."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """Purposes of keys, buckets and endpoints."""

    keys: Sequence[str] = ()
    """Purposes of keys: an environment has a key for each."""
    buckets: Sequence[str] = ()
    """Purposes of buckets, beside the one for access logs that every environment has."""
    services: Sequence[str] = ()
    """AWS services with a private endpoint, as AWS names them after the region; `studio` for SageMaker Studio's."""

    def __add__(self, other: "Requirements") -> "Requirements":
        """Everything that either requires."""
        return Requirements(
            keys=[*self.keys, *other.keys],
            buckets=[*self.buckets, *other.buckets],
            services=[*self.services, *(each for each in other.services if each not in self.services)],
        )


EVERYWHERE = Requirements(
    keys=("data", "logs", "notifications"),
    services=("ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "ssm", "sts"),
)
"""Used by every job, function and app, whatever else an environment has."""
STUDIO = Requirements(
    keys=("studio",),
    buckets=("data", "sagemaker"),
    services=("events", "sagemaker.api", "sagemaker.runtime", "servicecatalog", "studio"),
)
"""Used by people in Studio."""
PROJECTS = Requirements(keys=("secrets",), buckets=("catalog",), services=("secretsmanager",))
"""Used by a launch."""
WORKLOAD = Requirements(buckets=("artifacts",), services=("sagemaker.api", "sagemaker.runtime"))
"""Used by deployed models, their pipelines and their callers."""


def required(*, development: bool, workload: bool) -> Requirements:
    """Return everything that the parts of an environment require."""
    parts = [EVERYWHERE]
    if development:
        parts += [STUDIO, PROJECTS]
    if workload:
        parts += [WORKLOAD]
    return sum(parts[1:], start=parts[0])
