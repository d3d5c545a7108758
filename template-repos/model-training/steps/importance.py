"""The importance of each column to the model: how much worse it predicts when the column's values are mixed up among the rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

REPEATS = 5
SEED = 0


def of_columns(
    predict: Callable[[Any], Any], rows: Sequence[Any], actual: Any, columns: Sequence[str]
) -> dict[str, float]:
    """Return the increase of the mean squared error for each column, the largest first.

    It is measured on rows that training has not seen, and any model has it: no part of it looks inside.

    Args:
        predict: Returns the prediction for each row.
        rows: Rows as `features.read_labelled_rows` returns them.
        actual: Their targets.
        columns: The names of their values.
    """
    draw = np.random.default_rng(SEED)
    usual = float(((predict(rows) - actual) ** 2).mean())
    found: dict[str, float] = {}
    for index, name in enumerate(columns):
        increases: list[float] = []
        for _ in range(REPEATS):
            values = [rows[other].values[index] for other in draw.permutation(len(rows))]
            mixed = [
                replace(row, values=[*row.values[:index], value, *row.values[index + 1 :]])
                for row, value in zip(rows, values, strict=True)
            ]
            increases.append(float(((predict(mixed) - actual) ** 2).mean()) - usual)
        found[name] = round(float(np.mean(increases)), 6)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
