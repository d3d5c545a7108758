"""Compare what an endpoint was asked in a window with the rows that its model was trained on: the job of a scheduled pipeline.

    python -m mlops_platform.monitoring.watch --artifact model.tar.gz --captured FOLDER --output FOLDER
        --scheduled 2026-11-29T01:00:00Z --hours 24 --project p-abcdefghijkl --environment prod --version 3

Runs the same on a laptop. The artifact of the model has the statistics of its training rows (`baseline.json`). Writes drift.json,
quarantine.jsonl and report.html, and prints the line of metrics. Drift is a result and no error, and so are too few requests, or a
version whose training wrote no statistics: a job that fails is one that could not look, and its alarm is another.
"""

import argparse
import json
import logging
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlops_platform.monitoring import baseline, captured, metric, report, rows
from mlops_platform.monitoring.baseline import Baseline, BaselineError
from mlops_platform.monitoring.captured import Event, Unreadable
from mlops_platform.monitoring.drift import Comparison, Drift, Limits
from mlops_platform.monitoring.rows import Refused, Row

logger = logging.getLogger(__name__)

BASELINE = "baseline.json"
"""Member of the artifact."""
LATE = timedelta(minutes=20)
"""Time before the run at which the window ends: SageMaker writes captured requests minutes late."""
KEPT = 1000
"""Lines that are kept of those that could not be read."""
CHUNK = 5000
"""Rows that are counted at once."""


class NoBaselineError(BaselineError):
    """The artifact has no statistics of training rows."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time whose requests are looked at."""

    begin: datetime
    end: datetime

    @classmethod
    def before(cls, scheduled: datetime, hours: float) -> "Window":
        """Return the window of a run: it follows from the time for which it was scheduled, so a run that is repeated sees the same."""
        end = scheduled - LATE
        return cls(begin=end - timedelta(hours=hours), end=end)

    def __str__(self) -> str:
        """Return the window in words."""
        return f"requests of {self.begin:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


@dataclass(kw_only=True)
class Watched:
    """The requests of a window, compared, and what could not be read."""

    comparison: Comparison
    unread: list[Refused | Unreadable] = field(default_factory=list[Refused | Unreadable])

    def look(self, events: Iterator[Event | Unreadable], trained: Baseline) -> None:
        """Count the rows of all requests, and the predictions in all answers."""
        chunk: list[tuple[str, ...]] = []
        for event in events:
            if isinstance(event, Unreadable):
                self._put_aside(event)
                continue
            lines = [] if event.request is None else event.request.split(b"\n")
            for row in rows.of_lines(lines, event.place, trained.features):
                if isinstance(row, Row):
                    chunk.append(row.values)
                else:
                    self._put_aside(row)
            if event.answer is not None:
                self.comparison.add_predictions(captured.predictions(event.answer))
            if len(chunk) >= CHUNK:
                self.comparison.add(chunk)
                chunk = []
        self.comparison.add(chunk)

    def _put_aside(self, unread: Refused | Unreadable) -> None:
        self.comparison.add([], quarantined=1)
        if len(self.unread) < KEPT:
            self.unread.append(unread)


def main(arguments: list[str]) -> None:
    """Run the job."""
    parser = argparse.ArgumentParser(
        description="Compare an endpoint's requests with the rows that its model was trained on."
    )
    parser.add_argument("--artifact", type=Path, required=True, help="model.tar.gz of the version that serves")
    parser.add_argument("--captured", type=Path, required=True, help="folder of the captured requests of that version")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--variant", default="AllTraffic")
    parser.add_argument("--scheduled", type=datetime.fromisoformat, required=True, help="time of the run, in UTC")
    parser.add_argument("--hours", type=float, default=24.0, help="length of the window")
    parser.add_argument("--psi", type=float, default=Limits.psi, help="largest population stability index")
    parser.add_argument("--project", required=True)
    parser.add_argument("--environment", required=True)
    parser.add_argument("--version", required=True, help="version of the model, for the report")
    options = parser.parse_args(arguments)

    scheduled: datetime = options.scheduled
    window = Window.before(scheduled if scheduled.tzinfo else scheduled.replace(tzinfo=UTC), options.hours)
    try:
        trained = of_artifact(options.artifact)
    except NoBaselineError as error:
        logger.info("nothing was compared: %s", error)
        _write(options.output, {"verdict": "no baseline", "reason": str(error)}, window)
        return
    watched = Watched(comparison=Comparison(trained))
    watched.look(
        captured.events(options.captured, variant=options.variant, begin=window.begin, end=window.end), trained
    )
    found = watched.comparison.result(Limits(psi=options.psi))
    least = f"; a verdict takes {found.limits.rows}" if found.verdict == "too few rows" else ""
    logger.info("%s: %d in %s%s", found.verdict, found.rows, window, least)
    title = f"{options.project} version {options.version} in {options.environment}"
    write(options.output, trained, found, watched.unread, title=title, window=window)
    line = metric.line(
        found.metrics(), project=options.project, environment=options.environment, moment=datetime.now(UTC)
    )
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def of_artifact(archive: Path) -> Baseline:
    """Return the statistics in an artifact.

    Raises:
        NoBaselineError: it has none: it was trained before they were part of it.
        BaselineError: what it has is no baseline.
    """
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as opened:
        names = [member for member in opened if member.isfile() and member.name.removeprefix("./") == BASELINE]
        content = opened.extractfile(names[0]) if names else None
        if content is None:
            raise NoBaselineError(
                f"{archive.name} has no {BASELINE}: the version was trained with a template that did not write it; train a new one"
            )
        file = Path(folder, BASELINE)
        file.write_bytes(content.read())
        return baseline.read(file)


def write(
    folder: Path, trained: Baseline, found: Drift, unread: list[Refused | Unreadable], *, title: str, window: Window
) -> None:
    """Write the results into a folder, which is made if it is missing; the same requests give the same bytes."""
    _write(folder, found.document(), window)
    (folder / "quarantine.jsonl").write_text("".join(json.dumps(asdict(each)) + "\n" for each in unread))
    (folder / "report.html").write_text(report.page(trained, found, title=title, period=str(window)))


def _write(folder: Path, found: dict[str, Any], window: Window) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    period = {"begin": window.begin.isoformat(), "end": window.end.isoformat()}
    document = {**found, "window": period}
    (folder / "drift.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
