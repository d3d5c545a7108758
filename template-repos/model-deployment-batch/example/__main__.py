"""`make local-run`: three windows of abalones on this machine, and what becomes of their rows.

python -m example [--model MODEL.tar.gz] [--rows FILE …] [--folder FOLDER]
"""

import argparse
import json
import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path

from deployment import settings
from example.local_run import LocalBatch, day, example_model
from mlops_platform import REPOSITORY
from mlops_platform.monitoring import metric
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.image_environments import ImageEnvironmentError
from mlops_platform.pipeline.local_run import StepFailedError
from mlops_platform.project.settings_file import SettingsError

logger = logging.getLogger(__name__)

SPOILT = b'X,0.4,0.3,0.1,0.5,0.2,0.1,0.1\nM,0.4\nM,tall,0.3,0.1,0.5,0.2,0.1,0.1\n"M,0.4,0.3,0.1,0.5,0.2,0.1,0.1\nM\xff,1,1,1,1,1,1,1\n'
"""An unseen sex, too few values, text for a number, quotes that do not end, and no UTF-8."""


SHOWN = 5
"""Rows of a quarantine that are printed, and reasons, at most."""


def _file(path: str) -> Path:
    file = Path(path)
    if not file.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {path}")
    return file


def main(arguments: list[str]) -> None:
    """Run the windows; exits with 1 and a message if that fails for a reason that its user can act on."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="python -m example", description="Score rows on this machine.")
    parser.add_argument(
        "--model", type=_file, help="archive of a model (default: the example's, which is fitted first)"
    )
    parser.add_argument("--rows", type=_file, nargs="+", help="files to score (default: three days of abalones)")
    parser.add_argument("--folder", type=Path, help="keep every file of the runs here (default: a temporary folder)")
    options = parser.parse_args(arguments)
    try:
        configured = settings.read(REPOSITORY / "settings.toml")
        with tempfile.TemporaryDirectory() as temporary:
            folder = (options.folder or Path(temporary)).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            batch = LocalBatch(folder=folder, model=options.model or example_model(folder), settings=configured)
            if options.rows:
                score(batch, options.rows, kept=options.folder is not None)
            else:
                _run(batch)
                if options.folder:
                    logger.info("Predictions and reports: %s", batch.output / "results")
    except (ImageEnvironmentError, SettingsError, StepFailedError) as error:
        sys.exit(f"error: {error}")


def score(batch: LocalBatch, files: list[Path], *, kept: bool) -> None:
    """Score files of rows in one window, and say where the results are if they are kept.

    Raises:
        StepFailedError: the run fails, or most rows cannot be scored.
    """
    manifest = batch.run("2026-11-26T02:00:00Z", {file.name: file.read_bytes() for file in files})
    show(batch, manifest)
    results = batch.output / manifest["results"]
    if kept:
        for predictions in (each["predictions"] for each in manifest["objects"] if each["predictions"]):
            logger.info("Predictions: %s", results / predictions["name"])
        logger.info("Report: %s", results / "report.html")
    else:
        logger.info("To keep the predictions and report.html: make local-run … FOLDER=results")
    rows = manifest["rows"]
    if 100 * rows["quarantined"] > metric.UNREADABLE_PERCENT * rows["in"]:
        raise StepFailedError(
            f"{rows['quarantined']} of {rows['in']} rows could not be scored: a row is CSV with the columns that the model was "
            "trained on, in their order, without a header and without the truth"
        )


def _run(batch: LocalBatch) -> None:
    plain = {"part-0.csv": day(0), "part-1.csv": day(1000, 500)}
    first = batch.run("2026-11-26T02:00:00Z", plain)
    show(batch, first)
    show(batch, batch.run("2026-11-27T02:00:00Z", {"part-0.csv": day(0) + SPOILT}))
    heavier = {"part-0.csv": day(0, change=lambda row: [*row[:4], f"{1.5 * float(row[4]):.4f}", *row[5:]])}
    show(batch, batch.run("2026-11-28T02:00:00Z", heavier))
    if batch.run("2026-11-26T02:00:00Z", plain) != first:
        raise StepFailedError("the same window gave another manifest the second time")
    logger.info("Scored again, the first window gave the same manifest, and its results lie where they lay.")


def show(batch: LocalBatch, manifest: Json) -> None:
    """Log what became of a window's rows: some of those that could not be scored, and how many there are for each reason."""
    rows, drift = manifest["rows"], manifest["drift"]
    said = f": {', '.join(drift['features'])}" if drift["features"] else ""
    logger.info(
        "%s  %d rows in, %d out, %d in quarantine; %s%s",
        *(manifest["window"], rows["in"], rows["out"], rows["quarantined"], drift["verdict"], said),
    )
    files = [each["quarantine"]["name"] for each in manifest["objects"] if each["quarantine"]]
    lines = [line for file in files for line in (batch.output / manifest["results"] / file).read_text().splitlines()]
    for line in lines[:SHOWN]:
        logger.info("%s", line)
    if len(lines) > SHOWN:
        reasons = Counter(json.loads(line)["reason"] for line in lines)
        logger.info("and %d more rows; by reason:", len(lines) - SHOWN)
        for reason, count in reasons.most_common(SHOWN):
            logger.info("%7d  %s", count, reason)
        if len(reasons) > SHOWN:
            logger.info("%7d  for %d other reasons", *_others(reasons))


def _others(reasons: Counter[str]) -> tuple[int, int]:
    """Return the rows of the reasons that are not shown, and the number of these reasons."""
    others = reasons.most_common()[SHOWN:]
    return sum(count for _, count in others), len(others)


if __name__ == "__main__":
    main(sys.argv[1:])
