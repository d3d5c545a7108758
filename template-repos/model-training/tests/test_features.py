"""Turning raw rows into the model's input."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from examples import LABELLED, ROWS, VALUES, line, with_value
from features import (
    CATEGORY,
    COLUMNS,
    MEASUREMENTS,
    InvalidRowsError,
    Preprocessing,
    Row,
    read_labelled_rows,
    read_rows,
)
from preprocess import fit, split, write
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def test_the_result_is_that_of_scikit_learn() -> None:
    measurements = list(range(1, len(COLUMNS)))
    transformer = cast(
        "Any", ColumnTransformer([("numbers", StandardScaler(), measurements), ("category", OneHotEncoder(), [0])])
    )
    expected = transformer.fit_transform(np.array([row.values for row in ROWS], dtype=object))
    np.testing.assert_allclose(fit(ROWS).apply(ROWS), np.asarray(expected, dtype=float), rtol=1e-12)


def test_a_row_gives_the_same_alone_as_among_others() -> None:
    preprocessing = fit(ROWS)
    together = preprocessing.apply(ROWS)
    alone = np.vstack([preprocessing.apply([row]) for row in ROWS])
    np.testing.assert_array_equal(together, alone)


def test_it_survives_being_saved(tmp_path: Path) -> None:
    preprocessing = fit(ROWS)
    preprocessing.save(tmp_path / "preprocessing.json")
    assert Preprocessing.load(tmp_path / "preprocessing.json") == preprocessing


def test_a_category_that_training_has_not_seen_is_refused() -> None:
    known = ", ".join(sorted({row.values[0] for row in ROWS}))
    with pytest.raises(ValueError, match=f"^row 7: {CATEGORY} is 'X', expected one of .*: {known}$"):
        fit(ROWS).apply([Row("row 7", with_value("X", 0))])


@pytest.mark.parametrize("value", ["0", "-1", "+.5", "7.", "0.25", "1e3", "2.5E-07"])
def test_a_number_is_written_as_programs_write_it(value: str) -> None:
    assert Row("row 7", with_value(value)).number(1, MEASUREMENTS[0]) == float(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "long",
        "nan",
        "inf",
        "-Infinity",
        "0.4_55",
        "1__0",
        "٣",
        "0x1p3",
        "1,5",
        "1e",
        ".",
        "1 2",
        "9" * 99 + "x",
    ],
)
def test_a_measurement_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=f"^row 7: {MEASUREMENTS[0]} is '.*', expected a number$"):
        fit(ROWS).apply([Row("row 7", with_value(value))])


@pytest.mark.parametrize("value", ["1e39", "-1e39", "1e999", "9" * 999])
def test_a_number_beyond_single_precision_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=f"^row 7: {MEASUREMENTS[0]} is .*, which is too large$"):
        fit(ROWS).apply([Row("row 7", with_value(value))])


def test_the_number_of_a_row_is_its_place_in_the_text_whatever_lies_before_it() -> None:
    plain, quoted = line(VALUES), line(with_value("two\nlines", 0))
    assert [row.place for row in read_rows(f"{plain}\n\n{quoted}\n{plain}")] == ["row 1", "row 3", "row 4"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (
            line([*VALUES, "1"]).encode(),
            f"row 3: {len(VALUES) + 1} values, expected {len(VALUES)}: {', '.join(COLUMNS)}",
        ),
        (b'"M"x', "row 3: cannot be read as CSV"),
        (b"\xff", "line 3: cannot be read as UTF-8"),
    ],
)
def test_what_is_no_row_of_csv_is_refused_by_its_file_and_place(bad: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^rows.csv, {reason}"):
        read_rows(line(VALUES).encode() + b"\n\n" + bad + b"\n", file="rows.csv")


def test_labelled_rows_come_from_every_file_and_apart_from_their_target(tmp_path: Path) -> None:
    first, second = (list(row.values) for row in LABELLED[:2])
    (tmp_path / "1.csv").write_text(f"{line(first)}\n\n")
    (tmp_path / "2.csv").write_text(f"{line(second)}\n")
    rows, targets = read_labelled_rows(tmp_path)
    assert rows == [Row("1.csv, row 1", first[:-1]), Row("2.csv, row 1", second[:-1])]
    assert targets.tolist() == [float(first[-1]), float(second[-1])]


def test_data_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    quoted = line([*with_value("I, infant", 0), "9"])
    (tmp_path / "1.csv").write_bytes(f"\ufeff{quoted}\r\n{line([*VALUES, '11'])}\r\n".encode())
    rows, targets = read_labelled_rows(tmp_path)
    assert [row.values[0] for row in rows] == ["I, infant", VALUES[0]]
    assert targets.tolist() == [9.0, 11.0]


@pytest.mark.parametrize("target", ["9.0", "1234567.25", "1e-07"])
def test_what_preprocessing_writes_is_what_training_and_evaluation_read(tmp_path: Path, target: str) -> None:
    values = with_value('I, "seven"\r\né', 0)
    write(tmp_path / "train.csv", [[*values, target]])
    assert read_labelled_rows(tmp_path) == ([Row("train.csv, row 1", values)], [float(target)])


def test_a_folder_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no rows"):
        read_labelled_rows(tmp_path)


def test_every_row_is_in_exactly_one_part_and_the_same_seed_divides_the_same() -> None:
    rows = numbered(1000)
    parts = split(rows, seed=1, validation_fraction=0.15, test_fraction=0.25)
    assert sorted(row for part in parts.values() for row in part) == list(range(1000))
    # Each row is assigned by itself, so the shares are only nearly those that were asked for.
    for name, share in {"train": 600, "validation": 150, "test": 250}.items():
        assert len(parts[name]) == pytest.approx(share, abs=50)
    assert split(rows, seed=1, validation_fraction=0.15, test_fraction=0.25) == parts
    assert split(rows, seed=2, validation_fraction=0.15, test_fraction=0.25) != parts


def test_rows_stay_in_their_part_when_others_come_before_between_or_after_them() -> None:
    rows = numbered(1000)
    grown = [*rows[900:], *numbered(2000)[1000:], *rows[:900], rows[0]]
    assert assigned(rows).items() <= assigned(grown).items()


def assigned(rows: Sequence[Row]) -> dict[str, str]:
    """Return the part of each row; the same row twice has to be in one."""
    found: dict[str, str] = {}
    for name, indices in split(rows, seed=1, validation_fraction=0.15, test_fraction=0.15).items():
        for index in indices:
            assert found.setdefault(line(rows[index].values), name) == name
    return found


def test_a_number_that_is_written_otherwise_is_the_same_row() -> None:
    written = [Row(row.place, [row.values[0], *(f"{float(each):.9e}" for each in row.values[1:])]) for row in ROWS]
    assert split(written, 1, 0.25, 0.25) == split(ROWS, 1, 0.25, 0.25)


@pytest.mark.parametrize("lacking", ["train", "validation", "test"])
def test_rows_of_which_none_is_in_a_part_are_too_few(lacking: str) -> None:
    others = [row for name, part in split(ROWS, 1, 0.25, 0.25).items() if name != lacking for row in part]
    with pytest.raises(InvalidRowsError, match=f"^none of the {len(others)} rows is in the part {lacking}: "):
        split([ROWS[index] for index in others], 1, 0.25, 0.25)


def numbered(count: int) -> list[Row]:
    """Return rows that differ in one measurement."""
    return [Row(f"row {number}", with_value(str(number))) for number in range(count)]
