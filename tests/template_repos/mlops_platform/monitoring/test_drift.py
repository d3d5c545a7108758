"""Rows of today, compared with those of the training."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mlops_platform.monitoring import metric
from mlops_platform.monitoring.baseline import Baseline, Categoric, Kind, of_categories, of_numbers, of_rows
from mlops_platform.monitoring.drift import PREDICTION, Comparison, Drift, Limits, chance, stability_index
from tests.template_repos.mlops_platform.monitoring.abalone import (
    COLUMNS,
    LATER,
    MEASUREMENTS,
    TRAINED,
    WEIGHTS,
    baseline,
    heavier,
)

BASELINE = baseline()


def compared(rows: list[list[str]], against: Baseline = BASELINE, limits: Limits = Limits()) -> Drift:  # noqa: B008
    comparison = Comparison(against)
    comparison.add(rows)
    return comparison.result(limits)


def test_rows_of_the_same_population_have_not_drifted() -> None:
    found = compared(LATER[:1000])
    assert (found.verdict, found.drifted) == ("stable", [])
    assert max(each.psi or 0 for each in found.features.values()) < 0.03
    assert max(each.distance or 0 for each in found.features.values()) < 0.06


def test_the_rows_of_the_training_themselves_have_no_distance_although_their_values_tie() -> None:
    found = compared(TRAINED)
    assert max(each.psi or 0 for each in found.features.values()) == pytest.approx(0, abs=0.01)
    assert max(each.distance or 0 for each in found.features.values()) == pytest.approx(0, abs=1e-8)
    assert {each.unseen for each in found.features.values()} == {0}


@pytest.mark.parametrize(("factor", "drifted"), [(1.05, False), (1.25, True), (1.5, True)])
def test_weights_that_are_a_quarter_too_large_have_drifted(factor: float, *, drifted: bool) -> None:
    found = compared([heavier(row, factor) for row in LATER[:1000]])
    assert found.drifted == (list(WEIGHTS) if drifted else [])
    assert (found.verdict == "drift") is drifted


ZIPF = [1 / place for place in range(1, 101)]
"""Weights of a hundred categories, the last of which are rare."""


def samples(draw: np.random.Generator, kind: str, rows: int) -> list[str]:
    """Draw the values of a column of which each row has one, independent of all others."""
    if kind == "numeric":
        return [f"{value:.4f}" for value in draw.normal(size=rows).tolist()]
    weights = {"many rare": ZIPF, "equal": [1.0] * 200, "identities": [1.0] * 1000}[kind]
    return [f"v{number}" for number in draw.choice(len(weights), rows, p=np.array(weights) / sum(weights)).tolist()]


@pytest.mark.parametrize(
    ("kind", "columns", "rows", "times"),
    [
        ("numeric", 1, 200, 150),
        ("numeric", 8, 300, 40),
        ("numeric", 50, 200, 8),
        ("numeric", 200, 200, 4),
        ("many rare", 1, 200, 100),
        ("many rare", 1, 1000, 60),
        ("many rare", 8, 300, 20),
        ("many rare", 50, 1000, 4),
        ("equal", 8, 1000, 12),
        ("identities", 8, 200, 16),
        ("identities", 1, 1000, 60),
    ],
)
def test_about_one_verdict_in_a_hundred_is_false_however_many_columns_there_are_and_however_rare_their_categories(
    kind: str, columns: int, rows: int, times: int
) -> None:
    draw, false = np.random.default_rng(3), 0
    kinds: dict[str, Kind] = {
        f"c{number}": "numeric" if kind == "numeric" else "categoric" for number in range(columns)
    }
    for _ in range(times):
        trained, later = (zip(*(samples(draw, kind, size) for _ in kinds), strict=True) for size in (3000, rows))
        found = compared([list(row) for row in later], of_rows(trained, kinds))
        false += found.verdict == "drift"
    assert false <= 1 + times * 0.01


@pytest.mark.parametrize("columns", [1, 50, 200])
def test_one_number_that_is_larger_by_its_deviation_is_found_among_so_many(columns: int) -> None:
    draw = np.random.default_rng(5)
    kinds: dict[str, Kind] = dict.fromkeys((f"c{number}" for number in range(columns)), "numeric")
    trained = draw.normal(size=(3000, columns))
    later = draw.normal(size=(300, columns))
    later[:, 0] += 1
    against, rows = (part.round(4).astype(str).tolist() for part in (trained, later))
    assert compared(rows, of_rows(against, kinds)).drifted == ["c0"]


def test_a_category_that_became_twice_as_frequent_is_found_among_many_rare_ones() -> None:
    draw = np.random.default_rng(6)
    against = Baseline(rows=3000, features={"name": of_categories(samples(draw, "many rare", 3000))})
    rows = [*samples(draw, "many rare", 240), *["v1"] * 60]
    assert compared([[name] for name in rows], against).drifted == ["name"]


def test_the_probability_of_a_difference_is_that_of_chi_squared() -> None:
    # Two bins, 3,000 and 1,000 rows: chi-squared with one degree of freedom is 6.635 once in a hundred times.
    for difference, expected in ((0.0, 1.0), (0.0358, 0.05), (0.047, 0.01)):
        assert chance([0.5, 0.5], [0.5 - difference, 0.5 + difference], 3000, 1000) == pytest.approx(expected, rel=0.1)
    assert chance([1.0], [1.0], 3000, 1000) == 1
    assert chance([0.0, 1.0], [0.0, 1.0], 3000, 1000) == 1


def test_few_rows_have_no_verdict_and_no_metric_of_one() -> None:
    found = compared([heavier(row, 2) for row in LATER[:199]])
    assert (found.verdict, found.drifted) == ("too few rows", [])
    assert found.metrics() == {metric.ROWS: 199, metric.QUARANTINED: 0}
    assert compared([]).verdict == "too few rows"
    assert compared([heavier(row, 2) for row in LATER[:200]]).verdict == "drift"


@pytest.mark.parametrize(
    ("read", "refused", "verdict"),
    [
        (0, 199, "too few rows"),
        (0, 200, "unreadable"),
        (300, 301, "unreadable"),
        (300, 300, "stable"),
        (99, 100, "too few rows"),
    ],
)
def test_rows_of_which_most_cannot_be_read_have_no_verdict_on_drift_and_a_metric_that_says_so(
    read: int, refused: int, verdict: str
) -> None:
    comparison = Comparison(BASELINE)
    comparison.add(LATER[:read], quarantined=refused)
    found = comparison.result(Limits())
    assert found.verdict == verdict
    judged = {metric.DRIFTED_FEATURES, metric.MAXIMUM_PSI} & set(found.metrics())
    assert bool(judged) is (verdict == "stable")
    percent = found.metrics().get(metric.QUARANTINED_PERCENT)
    assert (percent is None) is (read + refused < 200)
    assert (percent is not None and percent > metric.UNREADABLE_PERCENT) is (verdict == "unreadable")


def test_a_category_that_training_never_saw_is_drift_and_is_named() -> None:
    rows = [["X", *row[1:]] if index % 50 == 0 else row for index, row in enumerate(LATER[:1000])]
    found = compared(rows)
    sex = found.features["sex"]
    assert found.drifted == ["sex"]
    assert (sex.unseen, sex.unseen_values) == (0.02, {"X": 20})
    assert "2.0% of its values are like none or few in training" in sex.reasons
    assert compared([["X", *LATER[0][1:]], *LATER[1:1000]]).verdict == "stable"


def test_numbers_outside_of_all_that_training_saw_are_drift_where_bins_see_none() -> None:
    constant = of_rows([["5"]] * 2000, {"size": "numeric"})
    assert compared([["5"]] * 500, constant).verdict == "stable"
    found = compared([["6"]] * 500, constant)
    assert found.features["size"].psi == pytest.approx(0)
    assert (found.verdict, found.features["size"].unseen) == ("drift", 1)


def test_more_missing_values_than_in_training_are_drift_and_no_value_at_all_is_not_an_error() -> None:
    def without(share: int) -> list[list[str]]:
        return [[row[0], "", *row[2:]] if index % share == 0 else row for index, row in enumerate(LATER[:1000])]

    assert compared(without(200)).verdict == "stable"
    assert compared(without(20)).drifted == ["length"]
    nothing = compared([[row[0], "NA", *row[2:]] for row in LATER[:1000]])
    assert nothing.drifted == ["length"]
    length = nothing.features["length"]
    assert (length.rows, length.psi, length.missing, length.mean) == (0, None, 1, None)
    # As many as in training, give or take what chance makes, are none.
    trained = [[row[0], "" if index % 10 == 0 else row[1], *row[2:]] for index, row in enumerate(TRAINED)]
    usual = of_rows(trained, COLUMNS)
    assert compared(without(9), usual).verdict == "stable"
    assert compared(without(5), usual).drifted == ["length"]


def test_rows_in_chunks_give_what_they_give_at_once() -> None:
    comparison = Comparison(BASELINE)
    for start in range(0, 1000, 300):
        comparison.add(LATER[start : min(start + 300, 1000)], quarantined=1)
    found = comparison.result(Limits())
    assert found.quarantined == 4
    assert replace(found, quarantined=0) == compared(LATER[:1000])


def test_the_answers_of_the_model_drift_too() -> None:
    against = replace(BASELINE, prediction=of_numbers(np.linspace(5, 15, 600)))
    comparison = Comparison(against)
    comparison.add(LATER[:1000])
    comparison.add_predictions([value + 3 for value in np.linspace(5, 15, 1000).tolist()])
    found = comparison.result(Limits())
    assert found.drifted == [PREDICTION]
    assert list(found.features) == [*COLUMNS, PREDICTION]
    assert PREDICTION not in compared(LATER[:1000], against).features


def test_predictions_without_a_baseline_of_them_are_no_error() -> None:
    comparison = Comparison(BASELINE)
    comparison.add_predictions([1.0])
    assert PREDICTION not in comparison.result(Limits()).features


def test_rows_of_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        compared([LATER[0][:-1]])


def test_the_metrics_of_a_verdict_are_how_many_features_have_drifted_and_the_largest_index() -> None:
    found = compared([heavier(row, 1.5) for row in LATER[:1000]])
    assert found.metrics() == {
        metric.ROWS: 1000,
        metric.QUARANTINED: 0,
        metric.QUARANTINED_PERCENT: 0,
        metric.DRIFTED_FEATURES: len(WEIGHTS),
        metric.MAXIMUM_PSI: max(found.features[name].psi or 0 for name in MEASUREMENTS),
    }


def test_the_document_is_json_without_infinities() -> None:
    cases: list[list[list[str]]] = [[], LATER[:300], [[""] * 8] * 300]
    for rows in cases:
        document = json.loads(json.dumps(compared(rows).document(), allow_nan=False))
        assert document["limits"]["psi"] == 0.1
        assert document["drifted"] == compared(rows).drifted


def test_rare_categories_that_are_not_kept_are_not_unseen_and_other_ones_are() -> None:
    names = samples(np.random.default_rng(8), "many rare", 5000)
    against = Baseline(rows=len(names), features={"name": of_categories(names)})
    feature = against.features["name"]
    assert isinstance(feature, Categoric)
    assert feature.rest > 0.01
    assert compared([[name] for name in names], against).verdict == "stable"
    found = compared([[f"new-{name}"] for name in names], against)
    assert found.verdict == "drift"
    assert len(found.features["name"].unseen_values) == 20
    assert "of its values are like none or few in training" in found.features["name"].reasons[-1]


def test_the_index_is_zero_for_equal_shares_and_finite_for_empty_bins() -> None:
    assert stability_index([0.2, 0.8], [0.2, 0.8]) == 0
    assert stability_index([0.5, 0.5], [0.4, 0.6]) == pytest.approx(0.0405, abs=1e-3)
    assert 5 < stability_index([1, 0], [0, 1]) < 20


def test_a_change_beyond_chance_and_below_the_limit_is_none() -> None:
    found = compared([heavier(row, 1.15) for row in LATER[:1000]])
    shell = found.features["shell"]
    assert shell.psi is not None
    assert shell.chance is not None
    assert shell.psi < found.limits.psi
    assert shell.chance < 0.0001
    assert found.verdict == "stable"


def test_a_limit_below_chance_finds_nothing_in_rows_of_the_same_population() -> None:
    found = compared(LATER[:1000], limits=Limits(psi=0.001))
    assert max(each.psi or 0 for each in found.features.values()) > 0.001
    assert found.verdict == "stable"


def test_new_extremes_are_nothing_strange_when_training_saw_few_rows() -> None:
    against = of_rows([[str(value)] for value in range(100)], {"size": "numeric"})
    rows = [[str(5 * index % 100)] for index in range(970)] + [["120"]] * 30
    found = compared(rows, against)
    assert found.features["size"].unseen == 0.03
    assert found.verdict == "stable"
