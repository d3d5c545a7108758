"""Read the rows of a model's requests: each line is read, or put aside with the reason.

Strict on purpose: what a baseline is compared with, or a batch is scored from, must be exactly what the caller meant. A row is a line,
so that rows in = rows read + rows refused; a line break within quotes is therefore refused.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_platform.monitoring.baseline import Feature, Numeric
from mlops_platform.monitoring.values import number

KEPT = 500
"""Characters of a refused line that are kept."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Row:
    """A line that could be read."""

    place: str
    """Its source and the number of its line, from 1."""
    values: tuple[str, ...]
    """One value for each column, without spaces around it. One that is missing is left to whoever uses the row."""


@dataclass(frozen=True)
class Refused:
    """A line that could not."""

    place: str
    reason: str
    text: str
    """The beginning of the line."""


def of_file(file: Path, features: Mapping[str, Feature]) -> Iterator[Row | Refused]:
    """Read a CSV file in UTF-8 without a header, line by line; see `of_lines`."""
    with file.open("rb") as lines:  # in binary mode lines end with \n alone, and a file never has to fit into memory
        yield from of_lines(lines, file.name, features)


def of_lines(lines: Iterable[bytes], source: str, features: Mapping[str, Feature]) -> Iterator[Row | Refused]:
    """Read lines of CSV in UTF-8 without a header, whose columns are those of a baseline; see `of_csv`."""
    return of_csv(lines, source, lambda values: _require_columns(values, features))


def of_csv(lines: Iterable[bytes], source: str, require: Callable[[list[str]], None]) -> Iterator[Row | Refused]:
    r"""Read lines of CSV in UTF-8 without a header, in order. Empty lines are no rows.

    Args:
        lines: Lines with or without their end, which is \n or \r\n.
        source: What the lines are of, for their places.
        require: Raises a ValueError that says why the values of a line are no row.
    """
    for index, line in enumerate(lines, start=1):
        content = line.removeprefix(BYTE_ORDER_MARK) if index == 1 else line
        content = content.rstrip(b"\r\n")
        if not content.strip():
            continue
        place = f"{source}:{index}"
        try:
            values = _values(content)
            require(values)
            yield Row(place, tuple(value.strip() for value in values))
        except ValueError as error:
            yield Refused(place, str(error), content[: 4 * KEPT].decode(errors="replace")[:KEPT])


def _values(line: bytes) -> list[str]:
    try:
        [values] = csv.reader([line.decode()], strict=True)
    except UnicodeDecodeError as error:
        raise ValueError(f"no UTF-8 at byte {error.start + 1}") from error
    except csv.Error as error:  # which is no ValueError
        raise ValueError(f"no CSV: {error}") from error
    return values


def _require_columns(values: Sequence[str], features: Mapping[str, Feature]) -> None:
    if len(values) != len(features):
        raise ValueError(f"{len(values)} values, expected {len(features)}: {', '.join(features)}")
    for value, (name, feature) in zip(values, features.items(), strict=True):
        if isinstance(feature, Numeric):
            try:
                number(value)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from error
