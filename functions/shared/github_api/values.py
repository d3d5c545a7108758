"""Values in JSON from elsewhere: one of an unexpected type counts as missing."""

import json
import urllib.parse
from collections.abc import Mapping
from typing import cast

Json = Mapping[str, object]


def parsed(content: bytes) -> Json:
    """Return the object in an answer; a list is kept under an empty key."""
    try:
        answer: object = json.loads(content)
    except ValueError:
        return {"message": "the answer is not JSON"} if content else {}
    return nested(answer) or {"": answer}


def reason(answer: Json) -> str:
    """Return GitHub's own reason for a refusal."""
    details = answer.get("errors")
    message = text(answer, "message") or "no reason given"
    return f"{message} {json.dumps(details)}" if details else message


def nested(value: object) -> Json:
    """Return a value that is an object; an empty one when it is not."""
    return cast("Json", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Json]:
    """Return a value that is a list of objects; an empty one when it is not."""
    return [nested(item) for item in cast("list[object]", value)] if isinstance(value, list) else []


def text(values: Json, key: str) -> str:
    """Return a string of an object; empty when it is something else."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def number(values: Json, key: str) -> int:
    """Return a number of an object; 0 when it is something else."""
    value = values.get(key)
    return value if isinstance(value, int) else 0


def quoted(part: str) -> str:
    """Quote one segment of a path."""
    return urllib.parse.quote(part, safe="")
