"""Members of requests in JSON and of forms."""

import re
from collections.abc import Mapping
from typing import Any, cast

from sandbox.aws.ministack import gateway

Members = Mapping[str, Any]

LIST_ITEM = re.compile(r"(\w+)\.member\.\d+")
"""An item of a list in a form."""


def members_of(body: bytes, params: Mapping[str, Any]) -> Members:
    """Return the members of a request in JSON or of a form, where each item of a list is a parameter of its own."""
    members = gateway.json_members(body)
    if members:
        return members
    for name in params:
        item = LIST_ITEM.fullmatch(name)
        if item:
            members.setdefault(item[1], []).append(first(params, name))
        else:
            members[name] = first(params, name)
    return members


def first(params: Mapping[str, Any], name: str) -> str:
    """Return the first value of a parameter; empty if it is not there."""
    value: Any = params.get(name, "")
    return str(cast(list[Any], value)[0] if value else "") if isinstance(value, list) else str(value)
