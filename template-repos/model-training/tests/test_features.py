"""Turning raw rows into the model's input."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from examples import LABELLED, ROWS, VALUES, line, with_value
from features import CATEGORY, COLUMNS, MEASUREMENTS, Preprocessing, Row, read_labelled_rows, read_rows
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
    parts = split(1000, seed=1, validation_fraction=0.15, test_fraction=0.25)
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 600, "validation": 150, "test": 250}
    assert sorted(row for rows in parts.values() for row in rows) == list(range(1000))
    assert split(1000, seed=1, validation_fraction=0.15, test_fraction=0.25) == parts
