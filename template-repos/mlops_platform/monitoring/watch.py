"""Compare what an endpoint was asked in a window with the rows that its model was trained on: the job of a scheduled pipeline.

    python -m mlops_platform.monitoring.watch --artifact model.tar.gz --captured FOLDER --output FOLDER
        --scheduled 2026-11-29T01:00:00Z --hours 24 --project p-abcdefghijkl --environment prod --version 3

Runs the same on a laptop. The artifact of the model has the statistics of its training rows (`baseline.json`). Writes drift.json,
quarantine.jsonl and report.html, and prints the line of metrics. With `--truth FOLDER --truth-days 28`, it also measures the answers of the
last 28 days whose truth lies in that folder by now (`truth.py`). Drift and bad answers are results and no errors, and so are too few
requests, requests that cannot be read, or a version whose training wrote no statistics: a job that fails is one that could not look, and
its alarm is another.
"""

import argparse
import io
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

from mlops_platform.monitoring import baseline, captured, metric, report, rows, truth
from mlops_platform.monitoring.baseline import Baseline, BaselineError, Gate
from mlops_platform.monitoring.captured import Event, Unreadable
from mlops_platform.monitoring.drift import Comparison, Drift, Limits
from mlops_platform.monitoring.quality import Answers, Quality, without_truth
from mlops_platform.monitoring.rows import Refused, Row
from mlops_platform.monitoring.truth import Truth

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

    @property
    def document(self) -> dict[str, str]:
        """The window as a JSON object."""
        return {"begin": self.begin.isoformat(), "end": self.end.isoformat()}

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
            for row in rows.of_lines(io.BytesIO(event.request or b""), event.place, trained.features):
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


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The answers of a window, measured against the truth about them that is known by now."""

    quality: Quality
    window: Window
    unread: int
    """Lines of truth that could not be read."""

    @classmethod
    def of(cls, brought: Truth, events: Iterator[Event | Unreadable], window: Window, gate: Gate | None) -> "Measured":
        """Look for the requests that truth was brought for; without any truth, no event is read."""
        if not brought.values:
            return cls(quality=without_truth(gate), window=window, unread=brought.unread)
        answers, found = Answers(), set[str]()
        for event in events:
            if isinstance(event, Event) and event.answer is not None and event.identity in brought.values:
                found.add(event.identity)
                answers.add(brought.values[event.identity], captured.predictions(event.answer))
        unknown = len(brought.values) - len(found)
        quality = answers.result(gate, unknown=unknown, least_rows=Limits.rows)
        return cls(quality=quality, window=window, unread=brought.unread)

    @property
    def document(self) -> dict[str, Any]:
        """The quality as a JSON object."""
        return {**asdict(self.quality), "unread": self.unread, "window": self.window.document}

    def __str__(self) -> str:
        """Return the quality in words."""
        unread = f"; {self.unread} lines of truth could not be read" if self.unread else ""
        return f"{self.quality}; {self.window}{unread}"


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
    parser.add_argument("--truth", type=Path, help="folder of what is known by now about the requests")
    parser.add_argument(
        "--truth-days", type=int, default=0, help="age of the oldest requests whose truth is looked for"
    )
    parser.add_argument("--psi", type=float, default=Limits.psi, help="largest population stability index")
    parser.add_argument("--project", required=True)
    parser.add_argument("--environment", required=True)
    parser.add_argument("--version", required=True, help="version of the model, for the report")
    options = parser.parse_args(arguments)

    scheduled: datetime = options.scheduled if options.scheduled.tzinfo else options.scheduled.replace(tzinfo=UTC)
    window = Window.before(scheduled, options.hours)
    try:
        trained = of_artifact(options.artifact)
    except NoBaselineError as error:
        logger.info("nothing was compared: %s", error)
        _write(options.output, {"verdict": "no baseline", "reason": str(error)}, window)
        return

    def events(of: Window) -> Iterator[Event | Unreadable]:
        return captured.events(options.captured, variant=options.variant, begin=of.begin, end=of.end)

    watched = Watched(comparison=Comparison(trained))
    watched.look(events(window), trained)
    found = watched.comparison.result(Limits(psi=options.psi))
    least = f"; a verdict takes {found.limits.rows}" if found.verdict == "too few rows" else ""
    logger.info("%s: %d in %s%s", found.verdict, found.rows, window, least)
    brought = truth.read(options.truth, keep=KEPT) if options.truth else Truth()
    since = Window.before(scheduled, 24 * options.truth_days)
    measured = Measured.of(brought, events(since), since, trained.gate)
    logger.info("quality: %s", measured)
    results = Results(
        trained=trained, found=found, measured=measured, window=window, unread=[*watched.unread, *brought.kept]
    )
    results.write(options.output, title=f"{options.project} version {options.version} in {options.environment}")
    line = metric.line(
        {**found.metrics(), **measured.quality.metrics()},
        project=options.project,
        environment=options.environment,
        moment=datetime.now(UTC),
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


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that a run has found."""

    trained: Baseline
    found: Drift
    measured: Measured
    window: Window
    unread: list[Refused | Unreadable]

    def write(self, folder: Path, *, title: str) -> None:
        """Write the results into a folder, which is made if it is missing; the same requests and truth give the same bytes."""
        _write(folder, {**self.found.document(), "quality": self.measured.document}, self.window)
        (folder / "quarantine.jsonl").write_text("".join(json.dumps(asdict(each)) + "\n" for each in self.unread))
        page = report.page(self.trained, self.found, title=title, period=str(self.window), quality=str(self.measured))
        (folder / "report.html").write_text(page)


def _write(folder: Path, found: dict[str, Any], window: Window) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {**found, "window": window.document}
    (folder / "drift.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
