"""Rows for tests: those of this repository's data, in the columns that steps/features.py declares.

Other data, and another measurement, need no change here.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence

from example_settings import SETTINGS
from features import COLUMNS, TARGET, Row, read_rows

from mlops_platform import REPOSITORY

DATA = REPOSITORY / SETTINGS.data.file


def line(values: Sequence[str]) -> str:
    """Return the values of a row as CSV."""
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().removesuffix("\r\n")


LABELLED = read_rows(DATA.read_bytes(), (*COLUMNS, TARGET), DATA.name)
ROWS = [Row(row.place, row.values[:-1]) for row in LABELLED[:: max(1, len(LABELLED) // 50)]]
"""About 50 rows from all over the data, without their targets."""
COMMON = Counter(row.values[0] for row in LABELLED).most_common(1)[0][0]
QUOTED = f'{COMMON}, "quoted"'
"""A category that only quotes can hold."""
VALUES = next(list(row.values) for row in ROWS if row.values[0] != COMMON and '"' not in line(row.values))
"""The values of a row that needs no quotes."""
ROW = line(VALUES)


def with_value(value: str, column: int = 1) -> list[str]:
    """Return the values of the row, one of them replaced."""
    return [*VALUES[:column], value, *VALUES[column + 1 :]]


def data_with_quoted_category() -> bytes:
    """Return this repository's data; the most common category is called what only quotes can hold."""
    renamed = [[QUOTED if row.values[0] == COMMON else row.values[0], *row.values[1:]] for row in LABELLED]
    return "\n".join(map(line, renamed)).encode()
