"""Names that the official provider generates."""

import re
from datetime import UTC, datetime
from itertools import count

_GENERATED = re.compile(r"(.*)\d{18}[0-9a-f]{8}")
_generated = count(1)


def generated_name(prefix: str | None = None) -> str:
    """Return a name as the official provider generates it on creation: a prefix, the time and a counter."""
    now = datetime.now(UTC)
    return f"{prefix or 'terraform-'}{now:%Y%m%d%H%M%S}{now.microsecond // 100:04d}{next(_generated):08x}"


def prefix_of(name: str) -> str | None:
    """Return the prefix of a name if it looks generated, as the official provider does."""
    match = _GENERATED.fullmatch(name)
    return match[1] if match else None
