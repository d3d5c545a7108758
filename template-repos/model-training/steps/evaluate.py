"""Measure the model on rows that it has never seen, with the same code that the endpoint runs, and compare it with the champion.

The champion is the version that a new one has to beat: the one in production. Both predict the same rows.

Writes, for the model registry and for later watching:

    evaluation.json     quality, also that of the champion, and the origin of the data; the gates of the pipeline read it
    baseline.json       statistics of the training rows, from the artifact, of the predictions, and the importance of each column
    importance.json     the importance alone, as a report
    model-card.json     the model card, as one text
    digests.json        SHA-256 of the artifact that was measured, and of the reports; all are registered with the version
    predictions.csv     for plots
"""

import argparse
import csv
import importlib.util
import json
import logging
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import importance
import model_card
import numpy as np

from mlops_platform import job
from mlops_platform.monitoring import baseline

logger = logging.getLogger(__name__)
NOTHING_TO_BEAT = 1.0
"""Improvement that is reported when there is no champion to compare with."""
NOTHING_BEATS_IT = -1.0
"""Improvement that is reported when the champion has no error at all, of which no share can be given."""


def main() -> None:
    """Run the step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="name of the model, for its card")
    parser.add_argument("--hyperparameters", nargs="*", default=[], metavar="NAME=VALUE", help="for its card")
    parser.add_argument("--champion-version", help="version of the champion; there is none without it")
    parser.add_argument("--champion-sha256", help="SHA-256 of its artifact")
    options = parser.parse_args()

    artifact = job.processing_input("model") / "model.tar.gz"
    with tempfile.TemporaryDirectory() as folder:
        job.unpack(artifact, Path(folder))
        model = Loaded(Path(folder))
        rows, actual = model.features.read_labelled_rows(job.processing_input("test"))
        predicted = model.predict(rows)
        report = measure(actual, predicted)
        weights = importance.of_columns(model.predict, rows, actual, model.features.COLUMNS)
        statistics = with_predictions(Path(folder) / "baseline.json", predicted, weights)
    report["data"] = json.loads((job.processing_input("origin") / "origin.json").read_text())
    # After the model was measured: the champion's code is older, and shares this process.
    report["champion"] = challenged(report, options.champion_version, options.champion_sha256)

    output = job.processing_output("evaluation")
    baseline.write(statistics, output / "baseline.json")
    write(output / "importance.json", {"mse_increase": weights})
    write(output / "evaluation.json", report)
    card = model_card.content(options.model, options.hyperparameters, report, statistics)
    write(output / "model-card.json", {"content": json.dumps(card, sort_keys=True)})
    # The registry writes the digest of a report with the name of its algorithm.
    reports = {
        name: f"sha256:{job.sha256(output / f'{name}.json')}" for name in ("evaluation", "baseline", "importance")
    }
    write(output / "digests.json", {"artifact": job.sha256(artifact), **reports})
    with (output / "predictions.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["actual", "predicted"])
        writer.writerows(zip(actual.tolist(), predicted.tolist(), strict=True))
    for name, metric in report["regression_metrics"].items():
        logger.info("test:%s=%.6f", name, metric["value"])
    logger.info("champion: %s", report["champion"]["outcome"])


class Loaded:
    """A model with its own code, which predicts as it does behind an endpoint."""

    def __init__(self, folder: Path) -> None:
        self.features, self._inference = (load(folder / "code" / f"{name}.py") for name in ("features", "inference"))
        self._model = self._inference.model_fn(str(folder))

    def predict(self, rows: Any) -> Any:
        """Return the prediction for each row."""
        return self._inference.predict(self._model, rows)


def load(file: Path) -> ModuleType:
    """Import a module of a model's own code under its own name, in place of this step's copy."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python module")
    module = sys.modules[file.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(actual: Any, predicted: Any) -> dict[str, Any]:
    """Return the report, in the format of SageMaker's model registry for regression."""
    errors = predicted - actual
    squared, absolute = errors**2, np.abs(errors)
    mse, variance = float(squared.mean()), float(actual.var())
    return {
        "regression_metrics": {
            "mse": {"value": mse, "standard_deviation": float(squared.std())},
            "rmse": {"value": mse**0.5},
            "mae": {"value": float(absolute.mean()), "standard_deviation": float(absolute.std())},
            # Of targets that are all the same, as scikit-learn's `r2_score` has it.
            "r2": {"value": 1 - mse / variance if variance else float(mse == 0)},
        },
        # Always predicting the mean of these very rows: no constant does better.
        "baseline": {"mse": {"value": variance}},
        "rows": len(actual),
    }


def with_predictions(trained: Path, predicted: Any, weights: dict[str, float]) -> baseline.Baseline:
    """Return the statistics in the artifact, with those of the predictions of rows that training had not seen."""
    prediction = baseline.of_numbers(np.asarray(predicted, np.float64))
    return replace(baseline.read(trained), prediction=prediction, importance=weights)


def challenged(report: dict[str, Any], version: str | None, sha256: str | None) -> dict[str, Any]:
    """Return how much better the model is than the champion on the same rows.

    `improvement` is the share of the champion's mean squared error that the model avoids: 0.02 if its own is 2 % lower. A champion that
    cannot predict these rows, because they have other columns, say, is none to beat; the approver is told.
    """
    if version is None:
        return {"version": "none", "improvement": NOTHING_TO_BEAT, "outcome": "there is no version to compare with"}
    try:
        mse = champion_mse(job.processing_input("champion"), sha256)
    except Exception as error:  # whatever its own code raises
        logger.exception("version %s cannot be measured", version)
        reason = f"version {version} cannot predict these rows: {type(error).__name__}: {error}"
        return {"version": version, "improvement": NOTHING_TO_BEAT, "outcome": reason[:500]}
    own = report["regression_metrics"]["mse"]["value"]
    if mse:
        improvement = 1 - own / mse
        side = "below" if improvement >= 0 else "above"
        outcome = f"{abs(improvement):.1%} {side} the mean squared error of version {version}"
    else:
        improvement = NOTHING_BEATS_IT if own else 0.0
        outcome = (
            f"version {version} predicts every row exactly, and {'this one does not' if own else 'so does this one'}"
        )
    return {"version": version, "mse": {"value": mse}, "improvement": improvement, "outcome": outcome}


def champion_mse(folder: Path, sha256: str | None) -> float:
    """Return the mean squared error of the champion on the test rows.

    Raises:
        ValueError: its artifact is not the one that was evaluated when it was registered.
    """
    [archive] = folder.glob("*.tar.gz")
    if job.sha256(archive) != sha256:
        raise ValueError("its artifact is not the one that was registered")
    with tempfile.TemporaryDirectory() as unpacked:
        job.unpack(archive, Path(unpacked))
        champion = Loaded(Path(unpacked))
        rows, actual = champion.features.read_labelled_rows(job.processing_input("test"))
        return measure(actual, champion.predict(rows))["regression_metrics"]["mse"]["value"]


def write(file: Path, content: dict[str, Any]) -> None:
    """Write a report."""
    file.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    job.run(main)
