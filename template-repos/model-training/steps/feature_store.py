"""Read the records of a feature group from the files of its offline store.

Feature Store appends: a record has a row for each time that it was put, and one for its deletion. Training uses its latest one. What is
written after the time that the pipeline names does not count, so a repeated run reads the same.
Source: SageMaker Developer Guide, "Amazon SageMaker Feature Store offline store data format".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
from features import InvalidRowsError, Row
from pyarrow import parquet

WRITTEN, RECEIVED, DELETED = "write_time", "api_invocation_time", "is_deleted"
"""Columns that Feature Store adds to those of the group."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The records of a group as they were at a time."""

    record_identifier: str
    """Feature that tells records apart."""
    event_time: str
    """Feature that says which row of a record is the latest: seconds since 1970, or a text such as 2026-11-30T12:00:00Z."""
    as_of: datetime


@dataclass(frozen=True, order=True)
class _Version:
    """A row of a record, in the order in which rows replace each other; equal ones are the same row, written twice."""

    event: datetime
    received: datetime
    written: datetime
    deleted: bool
    values: tuple[str, ...]
    place: str


def read(folder: Path, columns: Sequence[str], snapshot: Snapshot) -> list[Row]:
    """Return the latest row of each record that was not deleted, in the order of their identifiers.

    Args:
        folder: The files, in folders of any depth.
        columns: Features that each row has to have, by name; the others are dropped.
        snapshot: Which rows count.

    Raises:
        InvalidRowsError: a file or a row cannot be read, a record lacks a value, or there is no record.
    """
    latest: dict[str, _Version] = {}
    for file in sorted(folder.rglob("*.parquet")):
        for identifier, version in _versions(file, file.relative_to(folder).as_posix(), columns, snapshot):
            if version.written <= snapshot.as_of and not (identifier in latest and version <= latest[identifier]):
                latest[identifier] = version
    rows = [_row(columns, version) for _, version in sorted(latest.items()) if not version.deleted]
    if not rows:
        raise InvalidRowsError(f"no record in the Parquet files of {folder} that was written by {snapshot.as_of}")
    return rows


def _versions(file: Path, name: str, columns: Sequence[str], snapshot: Snapshot) -> Iterator[tuple[str, _Version]]:
    """Yield the rows of a file, each with the identifier of its record."""
    times = (snapshot.event_time, RECEIVED, WRITTEN)
    needed = (snapshot.record_identifier, *times, DELETED)
    try:
        opened = parquet.ParquetFile(file)
        # Whatever reads the store knows no case: the catalog of AWS Glue writes names in small letters.
        stored = {each.lower(): each for each in opened.schema_arrow.names}
        if lacking := [each for each in needed if each.lower() not in stored]:
            raise InvalidRowsError(f"{name}: there is no column {', '.join(lacking)}, which Feature Store writes")
        # A file from before a feature was added has no column for it.
        wanted = [stored[each.lower()] for each in (*needed, *columns) if each.lower() in stored]
        number = 0
        for batch in opened.iter_batches(columns=list(dict.fromkeys(wanted))):
            for record in batch.to_pylist():
                number += 1
                place = f"{name}, row {number}"
                given = {each: record.get(stored.get(each.lower(), "")) for each in (*needed, *columns)}
                identifier = _text(place, snapshot.record_identifier, given[snapshot.record_identifier])
                event, received, written = (_time(place, each, given[each]) for each in times)
                deleted = given[DELETED] is True
                # The row of a deletion has no other values.
                values = () if deleted else tuple(_text(place, each, given[each], empty="") for each in columns)
                yield identifier, _Version(event, received, written, deleted, values, f"record {identifier} ({place})")
    except pyarrow.ArrowException as error:
        raise InvalidRowsError(f"{name}: cannot be read as Parquet: {error}") from error


def _row(columns: Sequence[str], version: _Version) -> Row:
    row = Row(version.place, version.values)
    if lacking := [name for name, value in zip(columns, version.values, strict=True) if not value]:
        raise row.refusal(f"no value for {', '.join(lacking)}")
    return row


def _text(place: str, name: str, value: Any, *, empty: str | None = None) -> str:
    """Return a value as CSV has it; `empty` stands for one that is missing.

    Raises:
        InvalidRowsError: it is missing, and nothing stands for it; or it is neither a text nor a number.
    """
    if value is None and empty is not None:
        return empty
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise InvalidRowsError(f"{place}: {name} is {value!r:.50}, expected a text or a number")
    return str(value).strip()


def _time(place: str, name: str, value: Any) -> datetime:
    """Return a time in any of the forms that Feature Store knows.

    Raises:
        InvalidRowsError: it has none of them.
    """
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise InvalidRowsError(
            f"{place}: {name} is {value!r:.50}, expected seconds since 1970 or a time such as 2026-11-30T12:00:00Z"
        ) from error
    # What is written without a zone is UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
