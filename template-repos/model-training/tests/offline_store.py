"""Files as Feature Store writes them to the offline store of a group.

Source: SageMaker Developer Guide, "Amazon SageMaker Feature Store offline store data format".
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow
from features import COLUMNS, MEASUREMENTS, TARGET
from pyarrow import parquet

IDENTIFIER, EVENT_TIME = "shell_id", "measured_at"
START = datetime(2026, 11, 1, tzinfo=UTC)
TIMES = pyarrow.timestamp("ms", tz="UTC")
TYPES = {
    **dict.fromkeys((IDENTIFIER, EVENT_TIME, *COLUMNS, "surveyor"), pyarrow.string()),
    **dict.fromkeys((*MEASUREMENTS, TARGET), pyarrow.float64()),
    **dict.fromkeys(("api_invocation_time", "write_time"), TIMES),
    "is_deleted": pyarrow.bool_(),
}


def put(identifier: str, values: Sequence[str], *, hours: float = 0, written: float | None = None) -> dict[str, Any]:
    """Return the row of a record.

    Args:
        identifier: Its identifier.
        values: Those of the columns, and of the target.
        hours: Its event, since the first of November.
        written: Hours until it was written; by default as many.
    """
    numbers = {name: float(value) for name, value in zip(COLUMNS[1:], values[1:-1], strict=True)}
    return {
        **_common(identifier, hours, hours if written is None else written),
        COLUMNS[0]: values[0],
        **numbers,
        TARGET: float(values[-1]),
        "surveyor": "ada",
        "is_deleted": False,
    }


def deleted(identifier: str, *, hours: float) -> dict[str, Any]:
    """Return the row of a record's deletion, which has no other values."""
    return {**_common(identifier, hours, hours), "is_deleted": True}


def _common(identifier: str, hours: float, written: float) -> dict[str, Any]:
    event, stored = (START + timedelta(hours=each) for each in (hours, written))
    moment = event.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {IDENTIFIER: identifier, EVENT_TIME: moment, "api_invocation_time": stored, "write_time": stored}


def write(folder: Path, rows: Sequence[Mapping[str, Any]], name: str = "a") -> Path:
    """Write rows to a file in the folder of an hour, and return it."""
    names = [each for each in TYPES if any(each in row for row in rows)]
    arrays = [pyarrow.array([row.get(each) for row in rows], TYPES[each]) for each in names]
    file = folder / "year=2026" / "month=11" / "day=01" / "hour=00" / f"20261101T000000Z_{name:0>16}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_arrays(arrays, names), file)
    return file
