"""The document that describes the rows of a training."""

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlops_platform.monitoring.baseline import (
    CATEGORIES,
    BaselineError,
    Categoric,
    Gate,
    Numeric,
    of_categories,
    of_numbers,
    of_rows,
    read,
    write,
)
from tests.template_repos.mlops_platform.monitoring.abalone import COLUMNS, TRAINED, baseline


def test_it_has_the_columns_in_their_order_with_their_kinds() -> None:
    found = baseline()
    assert found.rows == len(TRAINED)
    assert list(found.features) == list(COLUMNS)
    assert isinstance(found.features["sex"], Categoric)
    assert all(isinstance(feature, Numeric) for name, feature in found.features.items() if name != "sex")


def test_a_tenth_of_the_values_is_between_two_deciles_and_a_category_has_its_share() -> None:
    found = baseline()
    length, sex = found.features["length"], found.features["sex"]
    assert isinstance(length, Numeric)
    assert isinstance(sex, Categoric)
    assert len(length.edges) == 9
    assert sum(length.shares) == pytest.approx(1)
    assert length.shares == pytest.approx([0.1] * 10, abs=0.03)  # lengths are rounded to 5 mm, so they tie
    assert length.cumulated[-1] == 1
    counted = Counter(row[0] for row in TRAINED)
    assert sex.shares == pytest.approx({name: counted[name] / len(TRAINED) for name in ("F", "I", "M")}, abs=0.03)
    assert sum(sex.shares.values()) == pytest.approx(1)


def test_what_is_written_is_read_again_and_has_no_row_in_it(tmp_path: Path) -> None:
    found = replace(
        baseline(),
        prediction=of_numbers(np.array([9.0, 10.5, 11.0])),
        importance={"shell": 0.7},
        gate=Gate(measure="mse", highest=6.0),
    )
    file = tmp_path / "baseline.json"
    write(found, file)
    assert read(file) == found
    text = file.read_text()
    assert len(text) < 40_000
    for row in TRAINED[:50]:
        assert ",".join(row) not in text
        assert not set(map(json.dumps, row[1:])) & set(text.split())


def test_a_baseline_from_before_the_quality_was_kept_has_none_and_another_measure_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write(baseline(), file)
    document = json.loads(file.read_text())
    del document["gate"]
    file.write_text(json.dumps(document))
    assert read(file).gate is None
    file.write_text(json.dumps(document | {"gate": {"measure": "auc", "highest": 0.9}}))
    with pytest.raises(BaselineError, match="the quality of the model is its auc, which this code cannot measure"):
        read(file)


def test_the_order_of_the_rows_changes_no_byte(tmp_path: Path) -> None:
    write(baseline(), tmp_path / "one.json")
    write(of_rows(TRAINED[::-1], COLUMNS), tmp_path / "other.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "other.json").read_bytes()


def test_missing_values_are_a_share_of_their_own() -> None:
    numbers = of_numbers(np.array([1.0, math.nan, 3.0, 4.0]))
    assert (numbers.rows, numbers.missing, numbers.mean) == (3, 0.25, pytest.approx(8 / 3))
    categories = of_categories(["a", "", "NA", "b"] * 1000)
    assert categories.missing == 0.5
    assert categories.shares == pytest.approx({"a": 0.5, "b": 0.5}, abs=0.05)


def test_a_feature_of_one_value_alone_has_a_baseline() -> None:
    found = of_numbers(np.full(100, 5.0))
    assert (found.edges, found.shares, found.points, found.cumulated) == ([5.0], [0.0, 1.0], [5.0], [1.0])


def test_of_very_many_categories_the_most_frequent_are_kept() -> None:
    names = [f"id-{index:04d}" for index in range(CATEGORIES + 100)] * 40
    often = ["often"] * 1000
    found = of_categories([*names, *often])
    assert len(found.shares) == CATEGORIES
    assert found.shares["often"] == pytest.approx(1000 / 13_000, abs=0.01)
    assert found.rest + sum(found.shares.values()) == pytest.approx(1)


def test_the_rest_is_as_large_as_in_other_rows_of_the_same_population() -> None:
    # The shares of the rows that name the most frequent categories would be too large, and the rest too small.
    draw = np.random.default_rng(4)
    trained, later = ([f"id-{number}" for number in draw.integers(300, size=12_000)] for _ in range(2))
    found = of_categories(trained)
    unlisted = sum(1 for name in later if name not in found.shares) / len(later)
    assert found.rest == pytest.approx(unlisted, abs=0.02)
    most = Counter(trained).most_common(CATEGORIES)
    assert 1 - sum(number for _, number in most) / len(trained) < unlisted - 0.04


def test_categories_that_hardly_any_rows_have_are_not_kept_and_no_error() -> None:
    for names in (["a"], ["a", "b"], [f"id-{index}" for index in range(1000)]):
        found = of_categories(names)
        assert (found.shares, found.rest) == ({}, 1)
        assert found.rows


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "there is no row"),
        ([["M", "ten"]], "length is 'ten', expected a number"),
        ([["M", "4_55"]], "length is '4_55', expected a number"),
        ([["M", "inf"]], "length is 'inf', expected a number"),
        ([["M", "1e999"]], "length is '1e999', expected a number"),
        ([["M", "NA"], ["F", ""]], "length has no value in any row"),
        ([["", "1"]], "sex has no value in any row"),
    ],
)
def test_rows_without_a_baseline_are_refused_with_the_reason(rows: list[list[str]], problem: str) -> None:
    with pytest.raises(BaselineError, match=problem):
        of_rows(rows, {"sex": "categoric", "length": "numeric"})


def test_rows_of_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        of_rows([["M", "1"], ["M"]], {"sex": "categoric", "length": "numeric"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no baseline"),
        ("[]", "is no baseline"),
        ('{"rows": 1}', "is no baseline"),
        ('{"version": 2}', "is a baseline of version 2, and this code reads version 1"),
        ('{"version": 1, "rows": 1, "prediction": null, "features": [{"kind": "text"}]}', "is no baseline"),
    ],
)
def test_another_document_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(BaselineError, match=f"^baseline.json {problem}"):
        read(file)
