"""Records that one version of a function writes, and another one reads."""

import dataclasses
import json
from typing import Any, cast

from functions.shared.github_api.errors import ExplainedError


class IncompleteRecordError(ExplainedError):
    """A record lacks what its reader needs."""


def fields_of(record: type[Any], text: str) -> dict[str, Any]:
    """Read the values of a dataclass from JSON; what only another version of it knows is left out.

    Raises:
        IncompleteRecordError: it is no such record; the message names what is missing.
    """
    try:
        content: object = json.loads(text)
    except ValueError:
        raise IncompleteRecordError("the record is not JSON") from None
    values = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    wanted = dataclasses.fields(record)
    missing = [
        each.name
        for each in wanted
        if each.name not in values
        and each.default is dataclasses.MISSING
        and each.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise IncompleteRecordError(f"the record lacks {', '.join(missing)}")
    return {each.name: values[each.name] for each in wanted if each.name in values}
