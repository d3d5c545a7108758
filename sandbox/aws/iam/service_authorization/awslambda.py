"""Lambda: functions."""

from collections.abc import Iterator
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope
from sandbox.aws.ministack.gateway import Request


def new_function(request: Request) -> str | None:
    """Return the ARN of the function that a request creates; None for any other request."""
    if request.method == "POST" and request.path.rstrip("/").endswith("/functions"):
        return scope.arn("lambda", f"function:{request.json().get('FunctionName', '')}")
    return None


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    if operation.startswith("AddPermission"):
        yield "lambda:Principal", members.get("Principal")
