"""The rows of the training template's data as training sees them, and a baseline of them."""

import csv
from random import Random

from mlops_platform.monitoring.baseline import Baseline, Kind, of_rows
from tests.template_repos.conftest import ROOT

MEASUREMENTS = ("length", "diameter", "height", "whole", "shucked", "viscera", "shell")
NUMERIC: Kind = "numeric"
COLUMNS: dict[str, Kind] = {"sex": "categoric", **dict.fromkeys(MEASUREMENTS, NUMERIC)}
WEIGHTS = MEASUREMENTS[3:]


def rows() -> list[list[str]]:
    """Return all rows without their target, mixed, and the same each time."""
    with (ROOT / "template-repos" / "model-training" / "data" / "abalone.csv").open(newline="") as stream:
        read = [row[:-1] for row in csv.reader(stream)]
    Random(7).shuffle(read)  # noqa: S311 - no secret depends on it
    return read


ROWS = rows()
TRAINED, LATER = ROWS[:2924], ROWS[2924:]
"""About as many rows as the template trains on, and rows of the same population."""


def baseline() -> Baseline:
    """Return the baseline of the rows that were trained on."""
    return of_rows(TRAINED, COLUMNS)


def heavier(row: list[str], factor: float) -> list[str]:
    """Return a row whose weights are all larger by a factor."""
    return [*row[:4], *(f"{float(value) * factor:.4f}" for value in row[4:])]
