"""SNS: topics."""

from collections.abc import Iterator
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resources of a request."""
    for member in ("TopicArn", "TargetArn", "ResourceArn"):
        if members.get(member):
            yield members[member]
    if members.get("SubscriptionArn"):
        yield members["SubscriptionArn"].rpartition(":")[0]
    if operation == "CreateTopic":
        yield scope.arn("sns", members.get("Name", ""))


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    if operation == "Subscribe":
        yield "sns:Endpoint", members.get("Endpoint")
        yield "sns:Protocol", members.get("Protocol")
