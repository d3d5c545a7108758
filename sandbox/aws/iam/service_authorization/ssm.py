"""Systems Manager: parameters; IAM decides about each of those that a request names."""

from collections.abc import Iterator

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resources of a request."""
    if operation in ("GetParameters", "DeleteParameters"):
        for name in members.get("Names", []):
            yield (
                name if name.startswith("arn:") else scope.arn("ssm", f"parameter/{name.partition(':')[0].lstrip('/')}")
            )
    elif operation == "GetParametersByPath":
        yield scope.arn("ssm", f"parameter/{members.get('Path', '').strip('/')}")
