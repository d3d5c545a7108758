"""Read the truth about requests, which people or systems bring later, in CSV without a header.

    order-17,9          the request whose caller gave it the InferenceId order-17 had one row, and its truth is 9
    order-18,9,,12      the request order-18 had three rows; the truth of the second is not known

Only files whose names end in `.csv` are read, in the order of their paths: of two lines about one request the later one counts. Lenient
like the reading of captured requests: a line that cannot be read is put aside.
"""

from dataclasses import dataclass, field
from pathlib import Path

from mlops_platform.monitoring import rows
from mlops_platform.monitoring.rows import Refused
from mlops_platform.monitoring.values import number


@dataclass(kw_only=True)
class Truth:
    """The truth about requests that is known by now."""

    values: dict[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    """By the id of the request: one for each of its rows, NaN where it is not known."""
    unread: int = 0
    """Lines that could not be read."""
    kept: list[Refused] = field(default_factory=list[Refused])
    """The first of these lines."""


def read(folder: Path, *, keep: int) -> Truth:
    """Read all files below a folder, and keep so many of the lines that cannot be read."""
    found = Truth()
    for file in sorted(each for each in folder.rglob("*.csv") if each.is_file()):
        with file.open("rb") as content:
            for each in rows.of_csv(content, str(file.relative_to(folder)), _require):
                if isinstance(each, Refused):
                    found.unread += 1
                    found.kept.extend([each] if len(found.kept) < keep else [])
                else:
                    identity, *values = each.values
                    found.values[identity] = tuple(number(value) for value in values)
    return found


def _require(values: list[str]) -> None:
    identity, *truth = values
    if not identity.strip():
        raise ValueError("the id of the request is missing")
    if not truth:
        raise ValueError("the truth is missing: expected the id of a request, and a number for each of its rows")
    for place, value in enumerate(truth, start=1):
        try:
            number(value)
        except ValueError as error:
            raise ValueError(f"the truth of row {place} {error}") from error
