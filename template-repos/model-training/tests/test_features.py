"""Turning raw rows into the model's input."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from features import COLUMNS, Preprocessing, Row, read_labelled_rows, read_rows
from preprocess import fit, split, write
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROWS: list[Row] = [
    ["M", "0.455", "0.365", "0.095", "0.514", "0.2245", "0.101", "0.15"],
    ["F", "0.53", "0.42", "0.135", "0.677", "0.2565", "0.1415", "0.21"],
    ["I", "0.33", "0.255", "0.08", "0.205", "0.0895", "0.0395", "0.055"],
    ["I", "0.425", "0.3", "0.095", "0.3515", "0.141", "0.0775", "0.12"],
]


def test_the_result_is_that_of_scikit_learn() -> None:
    measurements = list(range(1, len(COLUMNS)))
    transformer = cast(
        "Any", ColumnTransformer([("numbers", StandardScaler(), measurements), ("category", OneHotEncoder(), [0])])
    )
    expected = transformer.fit_transform(np.array(ROWS, dtype=object))
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
    with pytest.raises(ValueError, match="sex is 'X', expected one of F, I, M"):
        fit(ROWS).apply([["X", *ROWS[0][1:]]])


@pytest.mark.parametrize("value", ["", "long", "nan", "inf"])
def test_a_measurement_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=f"diameter is '{value}', expected a"):
        fit(ROWS).apply([[*ROWS[0][:2], value, *ROWS[0][3:]]])


def test_a_row_with_a_column_too_many_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match="row 2 has 9 values, expected 8: sex, length"):
        read_rows("M,1,1,1,1,1,1,1\nM,1,1,1,1,1,1,1,1\n")


def test_labelled_rows_come_from_every_file_and_apart_from_their_target(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("M,1,1,1,1,1,1,1,9\n\n")
    (tmp_path / "2.csv").write_text("F,2,2,2,2,2,2,2,11\n")
    rows, targets = read_labelled_rows(tmp_path)
    assert rows == [["M", *"1111111"], ["F", *"2222222"]]
    assert targets.tolist() == [9.0, 11.0]


def test_data_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_bytes(b'\xef\xbb\xbf"I, infant",1,1,1,1,1,1,1,9\r\nM,2,2,2,2,2,2,2,11\r\n')
    rows, targets = read_labelled_rows(tmp_path)
    assert [row[0] for row in rows] == ["I, infant", "M"]
    assert targets.tolist() == [9.0, 11.0]


def test_what_preprocessing_writes_is_what_training_and_evaluation_read(tmp_path: Path) -> None:
    row = ["I, infant", 'say "seven"', "two\r\nlines", "é", *"1111", "9"]
    write(tmp_path / "train.csv", [row])
    assert read_labelled_rows(tmp_path) == ([row[:-1]], [9.0])


def test_a_folder_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no rows"):
        read_labelled_rows(tmp_path)


def test_every_row_is_in_exactly_one_part_and_the_same_seed_divides_the_same() -> None:
    parts = split(1000, seed=1, validation_fraction=0.15, test_fraction=0.25)
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 600, "validation": 150, "test": 250}
    assert sorted(row for rows in parts.values() for row in rows) == list(range(1000))
    assert split(1000, seed=1, validation_fraction=0.15, test_fraction=0.25) == parts
