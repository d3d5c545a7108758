"""Read the rows of a model's requests: each line is read, or put aside with the reason.

Strict on purpose: what a baseline is compared with, or a batch is scored from, must be exactly what the caller meant. A row is a line,
so that rows in = rows read + rows refused; a line break within quotes is therefore refused.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mlops_platform.monitoring.baseline import Feature, Numeric
from mlops_platform.monitoring.values import number

KEPT = 500
"""Characters of a refused line that are kept."""
BLOCK = 2**20
"""Bytes that are read at once."""
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
    with file.open("rb") as content:
        yield from of_lines(content, file.name, features)


def lines(content: IO[bytes]) -> Iterator[bytes]:
    r"""Yield each line with its end, which is \n, \r\n or \r, as whatever reads CSV takes them. The content never has to fit into memory."""
    held = b""
    while block := content.read(BLOCK):
        found = (held + block).splitlines(keepends=True)
        held = found.pop()  # it may go on in the next block, if only with the second half of its end
        yield from found
    if held:
        yield held


def of_lines(content: IO[bytes], source: str, features: Mapping[str, Feature]) -> Iterator[Row | Refused]:
    """Read lines of CSV in UTF-8 without a header, whose columns are those of a baseline; see `of_csv`."""
    return of_csv(content, source, lambda values: _require_columns(values, features))


def of_csv(content: IO[bytes], source: str, require: Callable[[list[str]], None]) -> Iterator[Row | Refused]:
    """Read lines of CSV in UTF-8 without a header, in order. Empty lines are no rows.

    Args:
        content: The lines; see `lines`.
        source: What the lines are of, for their places.
        require: Raises a ValueError that says why the values of a line are no row.
    """
    for index, line in enumerate(lines(content), start=1):
        text = line.removeprefix(BYTE_ORDER_MARK) if index == 1 else line
        text = text.rstrip(b"\r\n")
        if not text.strip():
            continue
        place = f"{source}:{index}"
        try:
            values = _values(text)
            require(values)
            yield Row(place, tuple(value.strip() for value in values))
        except ValueError as error:
            yield Refused(place, str(error), text[: 4 * KEPT].decode(errors="replace")[:KEPT])


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
