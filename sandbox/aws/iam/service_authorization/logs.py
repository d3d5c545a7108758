"""CloudWatch Logs: events are read from streams and written to them."""

from collections.abc import Iterator

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the stream of a request about events; for other requests none, MiniStack knows their groups."""
    if operation in ("GetLogEvents", "PutLogEvents"):
        group, stream = members.get("logGroupName", ""), members.get("logStreamName", "")
        yield scope.arn("logs", f"log-group:{group}:log-stream:{stream}")
