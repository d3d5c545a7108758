"""Rows whose truth is known, by which a deployment is tested: CSV without a header, the truth in the last column."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_platform.release import DeploymentError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits for the answers, a table of settings.toml."""

    lowest: float
    highest: float
    """No answer may lie outside these."""
    mean_absolute_error: float
    """Largest mean distance between answers and the truth."""

    def checks(self, table: str) -> dict[str, bool]:
        """Return the checks of a table with these keys: whether each holds, by the problem that there is if not."""
        return {
            f"[{table}] lowest must be below highest": self.lowest < self.highest,
            f"[{table}] mean_absolute_error must be above 0": self.mean_absolute_error > 0,
        }


def read_rows(file: Path) -> tuple[list[list[str]], list[float]]:
    """Return the rows to send, and the truth, which is the last column.

    Raises:
        DeploymentError: there are none, or one of them is not as the others, or its truth is no number; it names file and row.
    """
    place = f"{file.parent.name}/{file.name}"
    try:
        rows = from_csv(file.read_bytes())
    except (csv.Error, UnicodeDecodeError) as error:
        raise DeploymentError(f"{place} is no CSV in UTF-8: {error}") from error
    if not rows:
        raise DeploymentError(f"{place} has no row")
    for at, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise DeploymentError(f"{place}, row {at} has {len(row)} values, and the first row has {len(rows[0])}")
    return [row[:-1] for row in rows], [_truth(f"{place}, row {at}", row[-1]) for at, row in enumerate(rows, start=1)]


def _truth(place: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise DeploymentError(f"{place} ends with {text!r}, expected the truth, a number")
    return found


def to_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """Return rows as CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def from_csv(content: bytes) -> list[list[str]]:
    """Return the rows of CSV in UTF-8, without its empty lines.

    Raises:
        csv.Error: it is no CSV.
        UnicodeDecodeError: it is not UTF-8.
    """
    # Excel begins CSV with a byte order mark.
    return [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True) if row]


def number(name: str, line: Sequence[str]) -> float:
    """Return the number that a line of an answer is; `name` is that of what answered, for messages.

    Raises:
        DeploymentError: it is none, or not finite.
    """
    try:
        [value] = line
        found = float(value)
    except ValueError:
        raise DeploymentError(f"{name} answered {to_csv([line]).decode().strip()[:50]!r}, expected a number") from None
    if not math.isfinite(found):
        raise DeploymentError(f"{name} answered {value}, expected a finite number")
    return found


def require_good(
    name: str,
    rows: Sequence[Sequence[str]],
    truth: Sequence[float],
    predictions: Sequence[float],
    limits: Limits,
) -> float:
    """Return the mean absolute error of the predictions.

    Raises:
        DeploymentError: one lies outside of the limits, or all together are too far off.
    """
    for row, prediction in zip(rows, predictions, strict=True):
        if not limits.lowest <= prediction <= limits.highest:
            raise DeploymentError(
                f"{name} predicts {prediction:g} for {to_csv([row]).decode().strip()}; "
                f"settings.toml allows {limits.lowest:g} to {limits.highest:g}"
            )
    error = sum(abs(p - t) for p, t in zip(predictions, truth, strict=True)) / len(rows)
    if error > limits.mean_absolute_error:
        raise DeploymentError(
            f"{name} is off by {error:.2f} on average; settings.toml allows {limits.mean_absolute_error:g}"
        )
    return error
