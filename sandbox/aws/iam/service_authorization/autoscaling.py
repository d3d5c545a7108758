"""Application Auto Scaling."""

from collections.abc import Iterator
from typing import Any

from sandbox.aws.autoscaling import scalable_targets
from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope

NAME = scalable_targets.NAME


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resources of a request."""
    if not operation.startswith("Describe"):
        yield members.get("ResourceARN") or scalable_targets.arn_of(members) or scope.arn(NAME, "scalable-target/*")


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    del operation
    yield f"{NAME}:service-namespace", members.get("ServiceNamespace")
    yield f"{NAME}:scalable-dimension", members.get("ScalableDimension")
