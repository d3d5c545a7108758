"""Scalable targets: the variants of endpoints that are registered with Application Auto Scaling."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.ministack import scope

NAME = "application-autoscaling"
NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")

targets = scope.scoped_store()
"""By the resource that is scaled."""


def variants_of(endpoint: str) -> frozenset[str]:
    """Return the names of an endpoint's variants that are registered."""
    prefix = f"endpoint/{endpoint}/variant/"
    return frozenset(name.removeprefix(prefix) for name in list(targets) if name.startswith(prefix))


def arn_of(members: Mapping[str, Any]) -> str | None:
    """Return the ARN of the target that a request is about, if it is registered."""
    known: Mapping[str, Any] | None = targets.get(members.get("ResourceId"))
    return known["ScalableTargetARN"] if known else None


def found(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the target that a request is about.

    Raises:
        ServiceError: it is not registered.
    """
    variant_of(members)
    target = targets.get(members["ResourceId"])
    if target is None:
        raise ServiceError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {members['ServiceNamespace']}, resource ID: "
            f"{members['ResourceId']}, scalable dimension: {members['ScalableDimension']}",
        )
    return target


def variant_of(members: Mapping[str, Any]) -> tuple[str, str]:
    """Return the endpoint and the variant that a request is about.

    Raises:
        NotEmulatedError: it is about anything else that can be scaled.
    """
    matched = VARIANT.fullmatch(members["ResourceId"])
    if (members["ServiceNamespace"], members["ScalableDimension"]) != (NAMESPACE, DIMENSION) or matched is None:
        raise NotEmulatedError(f"scaling of {members['ResourceId']} by {members['ScalableDimension']}")
    return matched[1], matched[2]
