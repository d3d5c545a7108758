"""Reading JSON that others wrote: what has another type than expected is as good as missing."""

import json
import urllib.parse
from collections.abc import Mapping
from typing import cast

Json = Mapping[str, object]


def parsed(content: bytes) -> Json:
    """The object in an answer; a list, which has no keys, is kept under the empty one."""
    try:
        answer: object = json.loads(content)
    except ValueError:
        return {"message": "the answer is not JSON"} if content else {}
    return nested(answer) or {"": answer}


def reason(answer: Json) -> str:
    """Why GitHub refused, in its own words."""
    details = answer.get("errors")
    message = text(answer, "message") or "no reason given"
    return f"{message} {json.dumps(details)}" if details else message


def nested(value: object) -> Json:
    """An object within an answer; empty when it is something else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Json]:
    """A list of objects; empty when it is something else."""
    return [nested(item) for item in cast("list[object]", value)] if isinstance(value, list) else []


def text(values: Json, key: str) -> str:
    """A string of an object; empty when it is something else."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def number(values: Json, key: str) -> int:
    """A number of an object; 0 when it is something else."""
    value = values.get(key)
    return value if isinstance(value, int) else 0


def quoted(part: str) -> str:
    """One part of a path."""
    return urllib.parse.quote(part, safe="")
