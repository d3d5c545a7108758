"""Answers, measured by the truth about them."""

import math
from random import Random

import pytest

from mlops_platform.monitoring import metric
from mlops_platform.monitoring.baseline import Gate
from mlops_platform.monitoring.quality import Answers, Quality, without_truth

GATE = Gate(measure="mse", highest=6.0)


def answers(mse: float, rows: int) -> Quality:
    """Return the quality of answers whose errors are drawn around 0, the same each time."""
    draw, found = Random(7), Answers()  # noqa: S311 - no secret depends on it
    errors = [draw.gauss(0, 1) for _ in range(rows)]
    factor = math.sqrt(mse / (sum(error**2 for error in errors) / rows))
    found.add([10.0] * rows, [10 + factor * error for error in errors])
    return found.result(GATE, unknown=0, least_rows=200)


def test_errors_are_counted_over_all_requests() -> None:
    counted = Answers()
    counted.add([10, 12], [11, 12])
    counted.add([9], [7])
    found = counted.result(GATE, unknown=3, least_rows=200)
    assert (found.rows, found.mse, found.mae) == (3, pytest.approx(5 / 3), pytest.approx(1))
    assert (found.unknown, found.mismatched, found.limit) == (3, 0, 6.0)


def test_a_row_whose_truth_is_not_known_is_left_out_and_so_is_a_request_with_another_number_of_rows() -> None:
    counted = Answers()
    counted.add([10, math.nan], [11, 30])
    counted.add([10], [11, 12])
    counted.add([10], [])
    found = counted.result(GATE, unknown=0, least_rows=200)
    assert (found.rows, found.mse, found.mismatched) == (1, 1.0, 2)


@pytest.mark.parametrize(
    ("mse", "rows", "verdict"),
    [
        (5.9, 1000, "sufficient"),
        # Above the limit, and no more than chance explains.
        (6.2, 1000, "sufficient"),
        (7.5, 1000, "insufficient"),
        (7.5, 200, "sufficient"),
        (12.0, 200, "insufficient"),
        (12.0, 199, "too few rows"),
    ],
)
def test_a_model_is_worse_than_its_limit_when_chance_does_not_explain_it(mse: float, rows: int, verdict: str) -> None:
    found = answers(mse, rows)
    assert found.verdict == verdict
    assert found.mse == pytest.approx(mse)
    judged = verdict != "too few rows"
    assert (metric.INSUFFICIENT_QUALITY in found.metrics()) is judged
    if judged:
        assert found.metrics()[metric.INSUFFICIENT_QUALITY] == (verdict == "insufficient")


def test_an_artifact_without_a_limit_is_measured_and_not_judged() -> None:
    counted = Answers()
    counted.add([10.0] * 300, [20.0] * 300)
    found = counted.result(None, unknown=0, least_rows=200)
    assert (found.verdict, found.limit, found.mse) == ("no limit", None, 100)
    assert found.metrics() == {metric.ROWS_WITH_TRUTH: 300, metric.MEAN_SQUARED_ERROR: 100}


def test_without_any_truth_there_is_no_metric() -> None:
    found = without_truth(GATE)
    assert (found.verdict, found.metrics(), str(found)) == ("no truth", {}, "no truth")


def test_it_is_said_in_words() -> None:
    assert str(answers(12.0, 200)).startswith("insufficient: 200 answers with known truth (0 requests with truth not ")
    assert "at most 6 to be registered" in str(answers(12.0, 200))
    assert str(Answers().result(GATE, unknown=4, least_rows=200)) == (
        "too few rows: no answer with known truth (4 requests with truth not found, 0 with another number of rows)"
    )
