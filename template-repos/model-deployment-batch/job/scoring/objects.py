"""Score one object of the input: each of its rows ends up among the predictions or in quarantine."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from mlops_platform.monitoring import rows as reading
from mlops_platform.monitoring.baseline import Baseline
from mlops_platform.monitoring.drift import Comparison
from mlops_platform.monitoring.rows import KEPT, Refused, Row
from scoring.model import Model, RefusedRowsError

CHUNK = 5000
"""Rows that the model gets at once."""


class LostRowsError(Exception):
    """Rows were lost or made on the way."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An object of the input."""

    name: str
    """Its key below the window's prefix."""
    file: Path
    size: int
    sha256: str
    rows: int
    """Lines that are not blank, counted before any of them is read."""

    @classmethod
    def of(cls, file: Path, folder: Path) -> "Entry":
        """Read an object once, for its digest and the number of its rows."""
        content, size, rows = hashlib.sha256(), 0, 0
        with file.open("rb") as stream:
            for index, line in enumerate(reading.lines(stream)):
                content.update(line)
                size += len(line)
                text = line.removeprefix(reading.BYTE_ORDER_MARK) if index == 0 else line
                rows += bool(text.strip())
        return cls(
            name=file.relative_to(folder).as_posix(), file=file, size=size, sha256=content.hexdigest(), rows=rows
        )


class Output(contextlib.AbstractContextManager["Output"]):
    """A file of the results, which is written line by line, and digested as it is written."""

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._file = folder / name
        self._stream: IO[bytes] | None = None
        self._content = hashlib.sha256()
        self.lines = 0

    def write(self, line: str) -> None:
        """Write a line; the file is made with the first one."""
        if self._stream is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._file.open("wb")
        written = f"{line}\n".encode()
        self._content.update(written)
        self._stream.write(written)
        self.lines += 1

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def described(self) -> dict[str, Any] | None:
        """Return name, size and digest of the file, once it is closed; None when there is none."""
        if self._stream is None:
            return None
        return {"name": self._name, "bytes": self._file.stat().st_size, "sha256": self._content.hexdigest()}


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Scores objects with a model, and compares their rows with its baseline."""

    model: Model
    baseline: Baseline
    comparison: Comparison
    folder: Path
    """Folder of the results."""

    def score(self, entry: Entry) -> dict[str, Any]:
        """Score an object, and return its part of the manifest.

        Raises:
            LostRowsError: some row is neither predicted nor in quarantine, or more than once.
            ModelError: the model fails.
        """
        with (
            Output(self.folder, f"predictions/{entry.name}.csv") as predictions,
            Output(self.folder, f"quarantine/{entry.name}.jsonl") as quarantine,
            entry.file.open("rb") as content,
        ):
            for chunk in _chunks(reading.of_lines(content, entry.name, self.baseline.features)):
                found = [row for row in chunk if isinstance(row, Row)]
                self.comparison.add([row.values for row in found], quarantined=len(chunk) - len(found))
                answers = dict(self._answers(found))
                for row in chunk:  # in the order of the input, so that the same input gives the same bytes
                    answer = answers.get(row.place, row)
                    if isinstance(answer, str):
                        predictions.write(f"{row.place.rpartition(':')[2]},{answer}")
                    else:
                        quarantine.write(_quarantined(answer))
        rows = {"in": entry.rows, "out": predictions.lines, "quarantined": quarantine.lines}
        if rows["in"] != rows["out"] + rows["quarantined"]:
            raise LostRowsError(
                f"{entry.name} has {rows['in']} rows, and {rows['out']} + {rows['quarantined']} came out"
            )
        return {
            "name": entry.name,
            "bytes": entry.size,
            "sha256": entry.sha256,
            "rows": rows,
            "predictions": predictions.described(),
            "quarantine": quarantine.described(),
        }

    def _answers(self, rows: Sequence[Row]) -> Iterator[tuple[str, str | Refused]]:
        """Return an answer, or the model's refusal, for each row; which rows it refuses is found by halving."""
        if not rows:
            return
        try:
            answers = self.model.answers([row.values for row in rows])
        except RefusedRowsError as error:
            if len(rows) == 1:
                [row] = rows
                yield row.place, Refused(row.place, str(error), ",".join(row.values)[:KEPT])
                return
            middle = len(rows) // 2
            yield from self._answers(rows[:middle])
            yield from self._answers(rows[middle:])
            return
        predicted = [float(answer) for answer in answers if _is_number(answer)]
        self.comparison.add_predictions(predicted)
        yield from zip((row.place for row in rows), answers, strict=True)


def _chunks(rows: Iterable[Row | Refused]) -> Iterator[list[Row | Refused]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _quarantined(row: Row | Refused) -> str:
    if isinstance(row, Row):
        raise LostRowsError(f"the model did not answer {row.place}")
    return json.dumps({"place": row.place, "reason": row.reason, "row": row.text}, sort_keys=True)


def _is_number(answer: str) -> bool:
    """Tell whether an answer is a single number; a model may answer with several, or with words."""
    try:
        float(answer)
    except ValueError:
        return False
    return True
