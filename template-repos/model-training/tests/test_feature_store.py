"""The records of a feature group, as training reads them from the files of its offline store."""

from datetime import datetime, timedelta
from pathlib import Path

import feature_store
import pyarrow
import pytest
from examples import LABELLED
from feature_store import Snapshot
from features import COLUMNS, TARGET, InvalidRowsError, labelled
from offline_store import EVENT_TIME, IDENTIFIER, START, deleted, put, write
from pyarrow import parquet

ONE, OTHER, THIRD = (list(row.values) for row in LABELLED[:3])
LATER = START + timedelta(days=1)


def read(folder: Path, as_of: datetime = LATER) -> list[list[str]]:
    """Return the values of the rows that are read, measurements as numbers write them."""
    snapshot = Snapshot(record_identifier=IDENTIFIER, event_time=EVENT_TIME, as_of=as_of)
    return [list(row.values) for row in feature_store.read(folder, (*COLUMNS, TARGET), snapshot)]


def as_stored(values: list[str]) -> list[str]:
    return [values[0], *(str(float(value)) for value in values[1:])]


def test_columns_are_found_by_name_and_rows_are_in_the_order_of_their_identifiers(tmp_path: Path) -> None:
    write(tmp_path, [put("b", ONE), put("a", OTHER)])
    write(tmp_path, [put("c", THIRD)], name="0")
    assert read(tmp_path) == [as_stored(OTHER), as_stored(ONE), as_stored(THIRD)]


def test_names_are_compared_without_their_case(tmp_path: Path) -> None:
    file = write(tmp_path, [put("a", ONE)])
    table = parquet.read_table(file, partitioning=None)
    parquet.write_table(table.rename_columns([name.upper() for name in table.column_names]), file)
    assert read(tmp_path) == [as_stored(ONE)]


def test_the_latest_event_of_a_record_counts_whenever_it_was_written(tmp_path: Path) -> None:
    write(tmp_path, [put("a", ONE, hours=2), put("a", OTHER, hours=1, written=3)])
    assert read(tmp_path) == [as_stored(ONE)]


def test_of_two_rows_of_one_event_the_one_that_was_put_last_counts(tmp_path: Path) -> None:
    write(tmp_path, [put("a", ONE, hours=1, written=3), put("a", OTHER, hours=1, written=2)])
    assert read(tmp_path) == [as_stored(ONE)]


def test_a_row_that_was_written_twice_is_one(tmp_path: Path) -> None:
    for name in ("1", "2"):
        write(tmp_path, [put("a", ONE)], name=name)
    assert read(tmp_path) == [as_stored(ONE)]


def test_a_deleted_record_is_none_and_one_that_was_put_again_is(tmp_path: Path) -> None:
    write(tmp_path, [put("a", ONE), put("b", OTHER), put("c", THIRD, hours=2)])
    write(tmp_path, [deleted("a", hours=1), deleted("c", hours=1)], name="b")
    assert read(tmp_path) == [as_stored(OTHER), as_stored(THIRD)]


def test_what_was_written_later_does_not_count_even_if_its_event_is_earlier(tmp_path: Path) -> None:
    write(tmp_path, [put("a", ONE, hours=2)])
    before = read(tmp_path, START + timedelta(hours=3))
    write(tmp_path, [put("a", OTHER, hours=2.5, written=4), put("b", THIRD, hours=1, written=5)], name="b")
    assert read(tmp_path, START + timedelta(hours=3)) == before == [as_stored(ONE)]
    assert read(tmp_path) == [as_stored(OTHER), as_stored(THIRD)]


def test_the_same_rows_in_other_files_and_another_order_are_read_alike(tmp_path: Path) -> None:
    rows = [put(str(index), list(row.values), hours=index % 7) for index, row in enumerate(LABELLED[:200])]
    write(tmp_path / "one", rows)
    for index, row in enumerate(reversed(rows)):
        write(tmp_path / "other", [row], name=str(index))
    assert read(tmp_path / "one") == read(tmp_path / "other")


@pytest.mark.parametrize(
    "event",
    [1793491200.0, 1793491200, "2026-11-01T00:00:00Z", "2026-11-01T00:00:00.000Z", datetime(2026, 11, 1)],
    ids=["fractional", "integral", "seconds", "milliseconds", "without a zone"],
)
def test_a_time_is_read_in_every_form_that_feature_store_has(tmp_path: Path, event: object) -> None:
    file = write(tmp_path, [put("a", ONE)])
    table = parquet.read_table(file, partitioning=None).drop_columns([EVENT_TIME])
    parquet.write_table(table.append_column(EVENT_TIME, pyarrow.array([event])), file)
    write(tmp_path, [put("a", OTHER, hours=-0.01)], name="earlier")
    assert read(tmp_path) == [as_stored(ONE)]
    write(tmp_path, [put("a", THIRD, hours=0.01)], name="later")
    assert read(tmp_path) == [as_stored(THIRD)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({IDENTIFIER: None}, rf"hour=00/20261101T000000Z_0+a\.parquet, row 2: {IDENTIFIER} is None, expected a text"),
        ({EVENT_TIME: "yesterday"}, f"row 2: {EVENT_TIME} is 'yesterday', expected seconds since 1970 or a time"),
        ({"write_time": None}, "row 2: write_time is None, expected seconds since 1970"),
        ({COLUMNS[1]: None, TARGET: None}, rf"record b \(.*, row 2\): no value for {COLUMNS[1]}, {TARGET}"),
        ({COLUMNS[1]: float("nan")}, rf"record b \(.*, row 2\): {COLUMNS[1]} is 'nan', expected a number"),
    ],
    ids=["identifier", "event", "written", "missing", "not a number"],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    write(tmp_path, [put("a", ONE), {**put("b", OTHER), **change}])
    snapshot = Snapshot(record_identifier=IDENTIFIER, event_time=EVENT_TIME, as_of=LATER)
    with pytest.raises(InvalidRowsError, match=problem):
        labelled(feature_store.read(tmp_path, (*COLUMNS, TARGET), snapshot))


def test_an_earlier_row_from_before_a_feature_was_added_is_none_to_refuse(tmp_path: Path) -> None:
    early = put("a", ONE)
    del early[TARGET]
    write(tmp_path, [early])
    write(tmp_path, [put("a", ONE, hours=1)], name="b")
    assert read(tmp_path) == [as_stored(ONE)]
    write(tmp_path, [{**early, IDENTIFIER: "b"}], name="c")
    with pytest.raises(InvalidRowsError, match=rf"record b .*: no value for {TARGET}"):
        read(tmp_path)


def test_a_file_that_is_no_parquet_or_not_feature_stores_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, [put("a", ONE)])
    parquet.write_table(parquet.read_table(file, partitioning=None).drop_columns(["is_deleted", "write_time"]), file)
    with pytest.raises(InvalidRowsError, match=r"a\.parquet: there is no column write_time, is_deleted, which Feature"):
        read(tmp_path)
    file.write_text("no Parquet")
    with pytest.raises(InvalidRowsError, match=r"a\.parquet: cannot be read as Parquet: "):
        read(tmp_path)


def test_a_group_without_a_record_is_refused(tmp_path: Path) -> None:
    write(tmp_path, [put("a", ONE), deleted("a", hours=1)])
    with pytest.raises(
        InvalidRowsError, match=r"no record in the Parquet files .* that was written by 2026-11-02 00:00"
    ):
        read(tmp_path)
