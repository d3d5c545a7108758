"""One run of a batch, in one job: score the objects of a window with a released model, and write the run's manifest last.

The results lie in a folder named after all that they are made of: input, model and code. So the same input gives the same bytes
in the same place, however often it is scored. A run without a manifest is not finished; one with it is read by the sizes and
digests in it, since SageMaker uploads all files at the job's end, in no order that it promises. A row is a line that is not blank,
and every row is found again: rows in = rows out + rows in quarantine, or the run fails.
"""

import argparse
import hashlib
import json
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_platform import job
from mlops_platform.monitoring import baseline, metric, report
from mlops_platform.monitoring.drift import Comparison, Drift, Limits
from scoring.model import Model
from scoring.objects import Entry, Scorer

logger = logging.getLogger(__name__)

MANIFEST_VERSION = 1
BASELINE_FILE = "baseline.json"
"""The statistics of the training rows, in the model's archive: also the schema of the input."""
OPERATIONS = "output"
"""Area of the runs whose metrics count; those of a deployment's test do not."""
WINDOW = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,99}")
"""The scheduled time of a run, or another name: it becomes a part of keys in S3."""


class RunError(Exception):
    """The run cannot be done; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The work of a run, as the pipeline's definition and its parameters say it."""

    window: str
    program: str
    """Module of the model's code that serves it."""
    model_package_arn: str
    model_sha256: str
    code: str
    """Digest of this code."""
    limits: Limits


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job.

    Raises:
        RunError: there is nothing to score, or the model is another one than the released one.
        LostRowsError: rows were lost or made.
        ModelError: the model fails.
    """
    options = _parser().parse_args(arguments)
    run = Run(
        window=options.window,
        program=options.program,
        model_package_arn=options.model_package_arn,
        model_sha256=options.model_sha256,
        code=options.code,
        limits=Limits(psi=options.psi, rows=options.least_rows),
    )
    manifest, drift = score(
        run, job.processing_input("rows"), job.processing_input("model") / "model.tar.gz", job.processing_output
    )
    rows = manifest["rows"]
    logger.info("%d rows in, %d out, %d in quarantine", rows["in"], rows["out"], rows["quarantined"])
    if options.area == OPERATIONS:
        values = {
            **drift.metrics(),
            metric.QUARANTINED: rows["quarantined"],
            metric.QUARANTINED_PERCENT: 100 * rows["quarantined"] / rows["in"],
        }
        line = metric.line(values, project=options.project, environment=options.environment, moment=datetime.now(UTC))
        # Alone on its line, or CloudWatch makes no metric of it.
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def score(run: Run, rows: Path, artifact: Path, output: Callable[[str], Path]) -> tuple[dict[str, Any], Drift]:
    """Score all objects and return the manifest, and how far the rows are from those of training.

    Args:
        run: the work.
        rows: folder of the input.
        artifact: the model's archive.
        output: returns the folder of an output, by its name.
    """
    if not WINDOW.fullmatch(run.window):
        raise RunError(f"the window {run.window!r} is no name of a folder: use letters, digits and : . _ -")
    found = job.sha256(artifact)
    if found != run.model_sha256:
        raise RunError(
            f"the artifact has the SHA-256 {found}, and that of {run.model_package_arn} is {run.model_sha256}"
        )
    entries = [Entry.of(file, rows) for file in sorted(rows.rglob("*")) if file.is_file()]
    if not sum(entry.rows for entry in entries):
        raise RunError(f"the input of {run.window} has no row")
    identity = _identity(run, entries)
    folder = output("results") / identity
    with tempfile.TemporaryDirectory() as unpacked:
        job.unpack(artifact, Path(unpacked))
        file = Path(unpacked) / BASELINE_FILE
        if not file.is_file():
            raise RunError(f"the artifact has no {BASELINE_FILE}, the schema of the input: train with a newer template")
        known = baseline.read(file)
        comparison = Comparison(known)
        model = Model.load(Path(unpacked), run.program)
        scorer = Scorer(model=model, baseline=known, comparison=comparison, folder=folder)
        objects = [scorer.score(entry) for entry in entries]
    drift = comparison.result(run.limits)
    _write(folder / "drift.json", drift.document())
    (folder / "report.html").write_text(
        report.page(known, drift, title=run.model_package_arn, period="the rows of this run")
    )
    manifest = {
        "version": MANIFEST_VERSION,
        "window": run.window,
        "results": f"results/{identity}/",
        "model_package_arn": run.model_package_arn,
        "model_sha256": run.model_sha256,
        "code": run.code,
        "objects": objects,
        "rows": {word: sum(each["rows"][word] for each in objects) for word in ("in", "out", "quarantined")},
        "drift": {"verdict": drift.verdict, "features": drift.drifted},
    }
    file = output("runs") / run.window / "manifest.json"
    # All at once: a job that is killed meanwhile may be uploaded, and must have either none or the whole.
    part = file.with_name(f"{file.name}.part")
    _write(part, manifest)
    part.replace(file)
    return manifest, drift


def _identity(run: Run, entries: Sequence[Entry]) -> str:
    """Return a name for what decides the results: the same for the same bytes, under the same names."""
    content = hashlib.sha256()
    made_of = [run.code, run.model_package_arn, run.model_sha256, str(run.limits)]
    parts = [*made_of, *(part for entry in entries for part in (entry.name, entry.sha256))]
    for part in parts:
        # Lengths keep two different lists from looking the same.
        content.update(f"{len(part)}:{part}".encode())
    return content.hexdigest()[:32]


def _write(file: Path, document: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Score the rows of a window.")
    texts = ("window", "area", "program", "model-package-arn", "model-sha256", "code", "project", "environment")
    for name in texts:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--psi", type=float, required=True)
    parser.add_argument("--least-rows", type=int, required=True)
    return parser


if __name__ == "__main__":
    job.run(main)
