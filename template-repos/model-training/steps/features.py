"""Turn raw abalone rows into the model's input.

Only this module knows the columns: preprocessing, training, evaluation and the endpoint all use it, so they cannot
disagree. It needs only numpy, because it is packed into the model.
"""

import csv
import io
import json
import re
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

Matrix = NDArray[np.float64]

NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""A number as programs write it; `float` also takes `4_55`, the digits of every script, and `nan`."""

LARGEST = float(np.finfo(np.float32).max)
"""XGBoost keeps single precision: what is beyond is infinite to it."""


class InvalidRowsError(ValueError):
    """Rows that the model cannot use. Whoever sent them has to change them; nothing is wrong with the model."""


@dataclass(frozen=True)
class Row:
    """A row of CSV."""

    place: str
    """Its file, if it is of one, and its number: row 1 is the first, and empty lines count."""
    values: Sequence[str]

    def number(self, index: int, name: str) -> float:
        """Return the value of a column as a number.

        Raises:
            InvalidRowsError: it is no number, or too large.
        """
        value = self.values[index]
        if not NUMBER.fullmatch(value):
            raise self.refusal(f"{name} is {_shown(value)}, expected a number")
        number = float(value)
        if abs(number) > LARGEST:
            raise self.refusal(f"{name} is {_shown(value)}, which is too large")
        return number

    def measurements(self) -> list[float]:
        """Return the numbers in the columns of the measurements.

        Raises:
            InvalidRowsError: one is no number, or too large.
        """
        return [self.number(index, name) for index, name in enumerate(MEASUREMENTS, start=1)]

    def refusal(self, reason: str) -> InvalidRowsError:
        """Return an error that says where the row is, and why it cannot be used."""
        return InvalidRowsError(f"{self.place}: {reason}")


def read_rows(content: str | bytes, columns: Sequence[str] = COLUMNS, file: str = "") -> list[Row]:
    """Return the rows of a CSV text in UTF-8 without a header; empty lines are skipped.

    Args:
        content: The text.
        columns: What each row has to have.
        file: The name of the text's file, for messages.

    Raises:
        InvalidRowsError: it is no CSV, or a row does not have exactly the expected columns.
    """
    rows: list[Row] = []
    prefix, number = f"{file}, " if file else "", 0
    try:
        text = content.decode() if isinstance(content, bytes) else content
        # Excel begins CSV with a byte order mark. With newline="" the reader itself sees how lines end: \n, \r\n or \r.
        lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
        for number, row in enumerate(csv.reader(lines, strict=True), start=1):
            if not row:
                continue
            found = Row(f"{prefix}row {number}", [value.strip() for value in row])
            if len(row) != len(columns):
                raise found.refusal(f"{len(row)} values, expected {len(columns)}: {', '.join(columns)}")
            rows.append(found)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidRowsError(f"{prefix}line {line}: cannot be read as UTF-8: {error}") from error
    except csv.Error as error:
        raise InvalidRowsError(f"{prefix}row {number + 1}: cannot be read as CSV: {error}") from error
    return rows


def read_labelled_rows(folder: Path) -> tuple[list[Row], Matrix]:
    """Return the rows of the CSV files in a folder, and their targets.

    Raises:
        InvalidRowsError: there is no row, or one lacks a column, or a number where one belongs.
    """
    expected = (*COLUMNS, TARGET)
    rows = [row for file in sorted(folder.glob("*.csv")) for row in read_rows(file.read_bytes(), expected, file.name)]
    if not rows:
        raise InvalidRowsError(f"no rows in the CSV files of {folder}")
    return labelled(rows)


def labelled(rows: Sequence[Row]) -> tuple[list[Row], Matrix]:
    """Return rows without their last value, and these, the targets.

    Raises:
        InvalidRowsError: a row lacks a number where one belongs.
    """
    numbers = [[*row.measurements(), row.number(len(COLUMNS), TARGET)] for row in rows]
    return [Row(row.place, row.values[:-1]) for row in rows], np.array(numbers)[:, -1]


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
        found = row.values[0]
        if found not in self.categories:
            known = ", ".join(self.categories)
            raise row.refusal(f"{CATEGORY} is {_shown(found)}, expected one of those in the training rows: {known}")
        numbers = row.measurements()
        scaled = [(n - mean) / scale for n, mean, scale in zip(numbers, self.means, self.scales, strict=True)]
        for name, number, value in zip(MEASUREMENTS, numbers, scaled, strict=True):
            if abs(value) > LARGEST:
                raise row.refusal(f"{name} is {number:g}, which is too large for this model")
        return [*scaled, *(float(found == category) for category in self.categories)]

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


def _shown(value: str) -> str:
    """Return a value as it appears in a message, which a value of a megabyte must not fill."""
    return repr(value if len(value) <= 50 else f"{value[:50]}…")
