"""Tags of portfolios and products, by identifier."""

from sandbox.aws.ministack import scope
from sandbox.aws.service import Members

_tags = scope.scoped_store()


def put(identifier: str, tags: list[Members]) -> None:
    """Set tags; a key that is there already takes the new value."""
    _tags.setdefault(identifier, {}).update({tag["Key"]: tag["Value"] for tag in tags})


def of(identifier: str) -> list[Members]:
    """Return the tags of a portfolio or product."""
    return [{"Key": key, "Value": value} for key, value in _tags.get(identifier, {}).items()]


def change(identifier: str, members: Members) -> None:
    """Apply an update's `AddTags` and `RemoveTags`."""
    for key in members.get("RemoveTags", []):
        _tags.get(identifier, {}).pop(key, None)
    put(identifier, members.get("AddTags", []))


def forget(identifier: str) -> None:
    """Drop the tags of a deleted portfolio or product."""
    _tags.pop(identifier, None)
