"""Groups of schedules, and their tags.

Source: EventBridge Scheduler API Reference, and User Guide, "Managing a schedule group".
"""

from sandbox.aws import clock
from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import scope
from sandbox.aws.scheduler import listing
from sandbox.aws.service import Call, Members, now

DEFAULT = "default"
DELETED_AFTER = 60.0
"""Seconds of AWS's for which a deleted group is still there; AWS says only that it takes a while."""

_groups = scope.scoped_store()
"""By name."""
_tags = scope.scoped_store()
"""By ARN."""
_created = scope.scoped_store()
"""By the token of a request: the ARN of the group that it created."""


def arn(name: str) -> str:
    """Return the ARN of a group of the current account."""
    return scope.arn("scheduler", f"schedule-group/{name}")


def require_active(name: str) -> None:
    """Refuse a group that does not exist, or is being deleted.

    Raises:
        ServiceError: it is.
    """
    if found(name)["State"] != "ACTIVE":
        raise ServiceError("ConflictException", f"Schedule group {name} is being deleted.", 409)


def found(name: str) -> Members:
    """Return a group.

    Raises:
        ServiceError: there is none.
    """
    if name == DEFAULT and name not in _groups:
        _groups[name] = _new(name)
    group = _groups.get(name)
    if group is None:
        raise ServiceError("ResourceNotFoundException", f"Schedule group {name} does not exist.", 404)
    return group


def tags_of(group_arn: str) -> list[Members]:
    """Return the tags of a group of the current account."""
    return [{"Key": key, "Value": value} for key, value in _tags.get(group_arn, {}).items()]


def create(name: str, tags: list[Members]) -> str:
    """Create a group, and return its ARN.

    Raises:
        ServiceError: there is one of that name.
    """
    if name == DEFAULT or name in _groups:
        raise ServiceError("ConflictException", f"Schedule group {name} already exists.", 409)
    _groups[name] = _new(name)
    put_tags(arn(name), tags)
    return arn(name)


def delete(name: str) -> None:
    """Begin to delete a group with its schedules; one that is being deleted is left to that.

    Raises:
        ServiceError: there is none.
    """
    group = found(name)
    if group["State"] == "ACTIVE":
        group |= {
            "State": "DELETING",
            "LastModificationDate": now(),
            "_deleted_at": clock.elapsed() + DELETED_AFTER,
        }


def put_tags(group_arn: str, tags: list[Members]) -> None:
    """Add tags to a group, or replace their values."""
    _tags.setdefault(group_arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})


def collect_deleted() -> list[tuple[str, str, str]]:
    """Drop the groups whose deletion is over; return account, region and name of each."""
    over = [
        (account, region, group["Name"])
        for account, region, group in scope.items_everywhere(_groups)
        if clock.elapsed() >= group.get("_deleted_at", float("inf"))
    ]
    for account, region, name in over:
        with scope.request_scope(account, region):
            _tags.pop(arn(name), None)
            _groups.pop(name)
    return over


def _new(name: str) -> Members:
    return {
        "Arn": arn(name),
        "Name": name,
        "State": "ACTIVE",
        "CreationDate": now(),
        "LastModificationDate": now(),
    }


def _create(call: Call) -> Members:
    name, token = call.members["Name"], call.members.get("ClientToken")
    if token and token in _created:
        return {"ScheduleGroupArn": _created[token]}
    _created[token] = create(name, call.members.get("Tags", []))
    return {"ScheduleGroupArn": arn(name)}


def _get(call: Call) -> Members:
    return _shown(found(call.members["Name"]))


def _list(call: Call) -> Members:
    found(DEFAULT)
    prefix = call.members.get("NamePrefix", "")
    records = [_shown(group) for group in _groups.values() if group["Name"].startswith(prefix)]
    return listing.page(call.members, "ScheduleGroups", records)


def _delete(call: Call) -> Members:
    name = call.members["Name"]
    if name == DEFAULT:
        raise ServiceError("ValidationException", "The default schedule group cannot be deleted.")
    found(name)
    # Who deletes a group deletes its schedules. Source: User Guide, "Identity-based policies", example DeleteScheduleGroup.
    authorization.require(call.caller, "scheduler:DeleteSchedule", scope.arn("scheduler", f"schedule/{name}/*"))
    delete(name)
    return {}


def _shown(group: Members) -> Members:
    return {name: value for name, value in group.items() if not name.startswith("_")}


def _tagged(call: Call) -> str:
    group_arn = call.members["ResourceArn"]
    found(group_arn.rpartition("/")[2])
    return group_arn


def _list_tags(call: Call) -> Members:
    return {"Tags": tags_of(_tagged(call))}


def _tag(call: Call) -> Members:
    put_tags(_tagged(call), call.members["Tags"])
    return {}


def _untag(call: Call) -> Members:
    tags = _tags.get(_tagged(call), {})
    for key in call.members["TagKeys"]:
        tags.pop(key, None)
    return {}


OPERATIONS = {
    "CreateScheduleGroup": _create,
    "DeleteScheduleGroup": _delete,
    "GetScheduleGroup": _get,
    "ListScheduleGroups": _list,
    "ListTagsForResource": _list_tags,
    "TagResource": _tag,
    "UntagResource": _untag,
}
