"""Measure the model on rows that it has never seen, with the same code that the endpoint runs.

Writes evaluation.json (for the quality gate and the model registry), digests.json (the SHA-256 of the artifact that was
measured and of that report, which are registered with the model) and predictions.csv (for plots).
"""

import csv
import importlib.util
import json
import logging
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import job
import numpy as np

logger = logging.getLogger(__name__)


def main() -> None:
    """Run the step."""
    artifact = job.processing_input("model") / "model.tar.gz"
    with tempfile.TemporaryDirectory() as folder:
        job.unpack(artifact, Path(folder))
        actual, predicted = predict(Path(folder), job.processing_input("test"))

    output = job.processing_output("evaluation")
    report = measure(actual, predicted)
    (output / "evaluation.json").write_text(json.dumps(report, indent=2) + "\n")
    # The registry writes the digest of a report with the name of its algorithm.
    digests = {"artifact": job.sha256(artifact), "report": f"sha256:{job.sha256(output / 'evaluation.json')}"}
    (output / "digests.json").write_text(json.dumps(digests) + "\n")
    with (output / "predictions.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["actual", "predicted"])
        writer.writerows(zip(actual.tolist(), predicted.tolist(), strict=True))
    for name, metric in report["regression_metrics"].items():
        logger.info("test:%s=%.6f", name, metric["value"])


def predict(model_folder: Path, test: Path) -> tuple[Any, Any]:
    """Return the true and the predicted target of every test row; the model's own code predicts."""
    features, inference = (load(model_folder / "code" / f"{name}.py") for name in ("features", "inference"))
    rows, actual = features.read_labelled_rows(test)
    return actual, inference.predict(inference.model_fn(str(model_folder)), rows)


def load(file: Path) -> ModuleType:
    """Import a module of the model's own code under its own name, in place of this step's copy."""
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
            "r2": {"value": 1 - mse / variance},
        },
        # Always predicting the mean of these very rows: no constant does better.
        "baseline": {"mse": {"value": variance}},
        "rows": len(actual),
    }


if __name__ == "__main__":
    job.run(main)
