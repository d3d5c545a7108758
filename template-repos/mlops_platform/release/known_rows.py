"""Rows whose truth is known, by which a deployment is tested: CSV without a header, the truth in the last column."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mlops_platform.release import DeploymentError


class Limits(Protocol):
    """The limits for the answers, of settings.toml."""

    @property
    def lowest(self) -> float:
        """No answer may lie below."""
        ...

    @property
    def highest(self) -> float:
        """No answer may lie above."""
        ...

    @property
    def mean_absolute_error(self) -> float:
        """Largest mean distance between answers and the truth."""
        ...


def read_rows(file: Path) -> tuple[list[list[str]], list[float]]:
    """Return the rows to send, and the truth, which is the last column."""
    rows = from_csv(file.read_bytes())
    return [row[:-1] for row in rows], [float(row[-1]) for row in rows]


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
