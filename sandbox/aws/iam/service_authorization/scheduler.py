"""EventBridge Scheduler: schedules, which belong to a group, and groups."""

from collections.abc import Mapping
from typing import Any

from sandbox.aws import rest_service
from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.ministack.gateway import Request

NAME = "scheduler"


def resource(request: Request) -> str:
    """Return the resource of a request; `*` where the operation has none."""
    try:
        operation, members = rest_service.parse(NAME, request)
    except ServiceError:
        return "*"
    if "ResourceArn" in members:
        return members["ResourceArn"]
    if operation.startswith("List"):
        return "*"
    if operation.endswith("ScheduleGroup"):
        return scope.arn(NAME, f"schedule-group/{members['Name']}")
    return scope.arn(NAME, f"schedule/{members.get('GroupName', 'default')}/{members['Name']}")


def context(operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the condition keys that MiniStack does not find: the keys of tags in a query."""
    return {"aws:TagKeys": params["TagKeys"]} if operation == "UntagResource" and params.get("TagKeys") else {}
