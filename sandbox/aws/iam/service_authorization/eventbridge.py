"""EventBridge: rules and buses."""

import json
from collections.abc import Iterator
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resources of a request."""
    if operation == "PutEvents":
        for bus in (entry.get("EventBusName", "default") for entry in members.get("Entries", [])):
            yield bus if bus.startswith("arn:") else scope.arn("events", f"event-bus/{bus}")
        return
    if "ResourceARN" in members:
        yield members["ResourceARN"]
    bus = members.get("EventBusName", "default").rpartition("/")[2]
    about_a_bus = "EventBus" in operation or "Permission" in operation
    name = members.get("Rule") or (members.get("Name") if not about_a_bus else None)
    if name:
        yield scope.arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")
    elif about_a_bus and operation != "ListEventBuses":
        yield scope.arn("events", f"event-bus/{members.get('Name', bus)}")


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    if operation == "PutTargets":
        yield "events:TargetArn", [target.get("Arn") for target in members.get("Targets", [])] or None
    if operation == "PutRule" and members.get("EventPattern"):
        try:
            pattern = json.loads(members["EventPattern"])
        except ValueError:
            return
        yield "events:source", pattern.get("source")
        yield "events:detail-type", pattern.get("detail-type")
    yield "events:creatorAccount", scope.account_id()
