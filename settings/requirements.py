"""The keys, buckets and services that each part of the platform requires of its foundations.

A service is required if something calls it from the network. Jobs and models do not: they are isolated, SageMaker brings
images and takes logs by its own network, and S3 is reached through its gateway endpoint, which uses keys on their behalf.
Functions stand outside of the network, unless GitHub's server is in it.
Sources: SageMaker Developer Guide, "Run training and inference containers in internet-free mode" and "Connect Amazon SageMaker
Studio in a VPC to External Resources".
"""

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
    """AWS services that are called from the network, named as their endpoints are after the region; `studio` for Studio's."""
    former_services: Sequence[str] = ()
    """Services that had an endpoint before there was a choice; networks that were deployed then keep them."""
    functions_in_network: bool = False
    """Whether functions stand in the network."""

    def __add__(self, other: "Requirements") -> "Requirements":
        """Everything that either requires."""
        return Requirements(
            keys=[*self.keys, *other.keys],
            buckets=[*self.buckets, *other.buckets],
            services=list(dict.fromkeys([*self.services, *other.services])),
            former_services=list(dict.fromkeys([*self.former_services, *other.former_services])),
            functions_in_network=self.functions_in_network or other.functions_in_network,
        )


EVERYWHERE = Requirements(
    keys=("data", "logs", "notifications"),
    former_services=("ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "ssm", "sts"),
)
"""Used by everything, whatever else an environment has."""
STUDIO = Requirements(
    keys=("studio",),
    buckets=("data", "sagemaker"),
    services=("logs", "monitoring", "sagemaker.api", "sagemaker.runtime", "servicecatalog", "ssm", "sts", "studio"),
    former_services=("events", "sagemaker.api", "sagemaker.runtime", "servicecatalog", "studio"),
)
"""Used by people in Studio."""
STUDIO_STARTS_WITH = ("sagemaker.api", "sagemaker.runtime")
"""Services without which no app of Studio starts. Source: SageMaker Developer Guide, "Connect Amazon SageMaker Studio in a VPC
to External Resources"."""
PROJECTS = Requirements(keys=("secrets",), buckets=("catalog",), former_services=("secretsmanager",))
"""Used by a launch."""
FUNCTIONS_IN_NETWORK = Requirements(
    functions_in_network=True,
    services=("cloudformation", "lambda", "sagemaker.api", "secretsmanager", "ssm"),
)
"""Used by launches and approvals whose functions stand in the network, to reach a GitHub server there."""
WORKLOAD = Requirements(
    buckets=("artifacts",),
    services=("sagemaker.runtime",),
    former_services=("sagemaker.api", "sagemaker.runtime"),
)
"""Used by the callers of deployed models."""


def required(*, development: bool, workload: bool, functions_in_network: bool) -> Requirements:
    """Return everything that the parts of an environment require."""
    parts = [EVERYWHERE]
    if development:
        parts += [STUDIO, PROJECTS, *([FUNCTIONS_IN_NETWORK] if functions_in_network else [])]
    if workload:
        parts += [WORKLOAD]
    return sum(parts[1:], start=parts[0])
