"""EventBridge Scheduler's resource types."""

from typing import Any

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack.cloudformation import Handlers
from sandbox.aws.scheduler import groups


def handlers() -> Handlers:
    """Return the types' handlers."""
    return {"AWS::Scheduler::ScheduleGroup": {"create": _create, "update": _update, "delete": _delete}}


def _create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    name = props.get("Name") or f"{stack_name}-{logical_id}"
    try:
        arn = groups.create(name, props.get("Tags", []))
    except ServiceError as error:
        raise ValueError(error.message) from None
    return name, {"Arn": arn}


def _update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> Any:
    if old.get("Name") != new.get("Name"):
        return _create("", new, stack_name)
    groups.put_tags(groups.arn(physical_id), new.get("Tags", []))
    return physical_id, {"Arn": groups.arn(physical_id)}


def _delete(physical_id: str, props: dict[str, Any]) -> None:
    del props
    try:
        groups.delete(physical_id)
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise ValueError(error.message) from None
