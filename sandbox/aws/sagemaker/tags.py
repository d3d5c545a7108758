"""Tags of every SageMaker resource, by ARN."""

from sandbox.aws.ministack import scope
from sandbox.aws.service import Call, Members

_tags = scope.scoped_store()


def put(arn: str, tags: list[Members]) -> None:
    """Set tags on a resource; a key that it already has takes the new value."""
    _tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})


def of(arn: str) -> list[Members]:
    """Return the tags of a resource."""
    return [{"Key": key, "Value": value} for key, value in _tags.get(arn, {}).items()]


def forget(arn: str) -> None:
    """Drop the tags of a deleted resource."""
    _tags.pop(arn, None)


def _add(call: Call) -> Members:
    put(call.members["ResourceArn"], call.members["Tags"])
    return {"Tags": of(call.members["ResourceArn"])}


def _list(call: Call) -> Members:
    return {"Tags": of(call.members["ResourceArn"])}


def _delete(call: Call) -> Members:
    tags = _tags.get(call.members["ResourceArn"], {})
    for key in call.members["TagKeys"]:
        tags.pop(key, None)
    return {}


OPERATIONS = {"AddTags": _add, "ListTags": _list, "DeleteTags": _delete}
