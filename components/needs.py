"""What each part of the platform needs of its foundations: which keys, buckets and private ways to AWS there are."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What keys, buckets and endpoints are made for."""

    keys: Sequence[str] = ()
    """Purposes of keys: an environment has a key for each."""
    buckets: Sequence[str] = ()
    """Purposes of buckets, beside the one for access logs that every environment has."""
    services: Sequence[str] = ()
    """AWS services with a private endpoint, as AWS names them after the region; `studio` for SageMaker Studio's."""

    def __add__(self, other: "Needs") -> "Needs":
        """What both need."""
        return Needs(
            keys=[*self.keys, *other.keys],
            buckets=[*self.buckets, *other.buckets],
            services=[*self.services, *(each for each in other.services if each not in self.services)],
        )


EVERYWHERE = Needs(
    keys=("data", "logs", "notifications"),
    services=("ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "ssm", "sts"),
)
"""What every job, function and app uses, whatever else an environment has."""
STUDIO = Needs(
    keys=("studio",),
    buckets=("data", "sagemaker"),
    services=("events", "sagemaker.api", "sagemaker.runtime", "servicecatalog", "studio"),
)
"""What the people in Studio use."""
PROJECTS = Needs(keys=("secrets",), buckets=("catalog",), services=("secretsmanager",))
"""What a launch uses."""
WORKLOAD = Needs(buckets=("artifacts",), services=("sagemaker.api", "sagemaker.runtime"))
"""What deployed models, their pipelines and their callers use."""
