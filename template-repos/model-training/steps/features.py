"""Turn raw abalone rows into the model's input.

Only this module knows the columns: preprocessing, training, evaluation and the endpoint all use it, so they cannot
disagree. It needs only numpy, because it is packed into the model.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CATEGORY = "sex"
MEASUREMENTS = (
    "length",
    "diameter",
    "height",
    "whole_weight",
    "shucked_weight",
    "viscera_weight",
    "shell_weight",
)
COLUMNS = (CATEGORY, *MEASUREMENTS)
TARGET = "rings"

Row = Sequence[str]
Matrix = NDArray[np.float64]

LARGEST = float(np.finfo(np.float32).max)
"""XGBoost keeps single precision: what is beyond is infinite to it."""


class InvalidRowsError(ValueError):
    """Rows that the model cannot use. Whoever sent them has to change them; nothing is wrong with the model."""


def read_rows(content: str | bytes, columns: Sequence[str] = COLUMNS) -> list[Row]:
    """Return the rows of a CSV text in UTF-8 without a header; empty lines are skipped.

    Raises:
        InvalidRowsError: it is no CSV, or a row does not have exactly the expected columns.
    """
    rows: list[Row] = []
    try:
        text = content.decode() if isinstance(content, bytes) else content
        # Excel begins CSV with a byte order mark. With newline="" the reader itself sees how lines end: \n, \r\n or \r.
        lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
        for number, row in enumerate(csv.reader(lines, strict=True), start=1):
            if not row:
                continue
            if len(row) != len(columns):
                expected = f"expected {len(columns)}: {', '.join(columns)}"
                raise InvalidRowsError(f"row {number} has {len(row)} values, {expected}")
            rows.append([value.strip() for value in row])
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidRowsError(f"row {len(rows) + 1} cannot be read as CSV in UTF-8: {error}") from error
    return rows


def read_labelled_rows(folder: Path) -> tuple[list[Row], Matrix]:
    """Return the rows of the CSV files in a folder, and their targets.

    Raises:
        InvalidRowsError: there is no row, or one does not have the expected columns.
    """
    rows = [row for file in sorted(folder.glob("*.csv")) for row in read_rows(file.read_bytes(), (*COLUMNS, TARGET))]
    if not rows:
        raise InvalidRowsError(f"no rows in the CSV files of {folder}")
    return [row[:-1] for row in rows], np.array([_number(row, len(COLUMNS), TARGET) for row in rows])


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Standardised measurements, and one column per category: parameters fitted on the training rows alone."""

    means: tuple[float, ...]
    scales: tuple[float, ...]
    categories: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The names of the model's columns, in order."""
        return [*MEASUREMENTS, *(f"{CATEGORY}_{category}" for category in self.categories)]

    def apply(self, rows: Iterable[Row]) -> Matrix:
        """Return the model's input for raw rows; each row's result depends on that row alone.

        Raises:
            InvalidRowsError: a value is no number, or a category that training has not seen.
        """
        return np.array([self._row(row) for row in rows], dtype=np.float64).reshape(-1, len(self.names))

    def _row(self, row: Row) -> list[float]:
        if row[0] not in self.categories:
            raise InvalidRowsError(f"{CATEGORY} is {_shown(row[0])}, expected one of {', '.join(self.categories)}")
        numbers = [_number(row, index, name) for index, name in enumerate(MEASUREMENTS, start=1)]
        scaled = [(n - mean) / scale for n, mean, scale in zip(numbers, self.means, self.scales, strict=True)]
        for name, number, value in zip(MEASUREMENTS, numbers, scaled, strict=True):
            if abs(value) > LARGEST:
                raise InvalidRowsError(f"{name} is {number:g}, which is too large")
        return [*scaled, *(float(row[0] == category) for category in self.categories)]

    def save(self, file: Path) -> None:
        """Write the parameters as JSON: unlike a pickle, reading it back cannot run code."""
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, file: Path) -> "Preprocessing":
        """Read what `save` wrote."""
        content = json.loads(file.read_text())
        return cls(
            means=tuple(content["means"]),
            scales=tuple(content["scales"]),
            categories=tuple(content["categories"]),
        )


def _number(row: Row, index: int, name: str) -> float:
    try:
        number = float(row[index])
    except ValueError:
        raise InvalidRowsError(f"{name} is {_shown(row[index])}, expected a number") from None
    if not np.isfinite(number):
        raise InvalidRowsError(f"{name} is {_shown(row[index])}, expected a finite number")
    return number


def _shown(value: str) -> str:
    """Return a value as it appears in a message, which a value of a megabyte must not fill."""
    return repr(value if len(value) <= 50 else f"{value[:50]}…")
