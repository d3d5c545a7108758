"""Fit the example's model by least squares, and pack it as a training job does: numbers, serving code, baseline.

Runs with the packages of the image: python train.py ROWS FOLDER, where ROWS are CSV with the truth in the last column.
"""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "code")]

from inference import features  # noqa: E402 - found by the line above, as the image finds it

from mlops_platform.monitoring import baseline  # noqa: E402
from mlops_platform.monitoring.baseline import Kind  # noqa: E402

MEASUREMENTS = ("length", "diameter", "height", "whole_weight", "shucked_weight", "viscera_weight", "shell_weight")
NUMERIC: Kind = "numeric"
COLUMNS: dict[str, Kind] = {"sex": "categoric", **dict.fromkeys(MEASUREMENTS, NUMERIC)}


def main(rows_file: Path, folder: Path) -> None:
    """Write the content of the model's archive."""
    with rows_file.open(newline="") as stream:
        labelled = list(csv.reader(stream))
    rows, truth = [row[:-1] for row in labelled], [float(row[-1]) for row in labelled]
    coefficients = np.linalg.lstsq(np.array([features(row) for row in rows]), np.array(truth), rcond=None)[0]
    folder.mkdir(parents=True)
    (folder / "coefficients.json").write_text(json.dumps(coefficients.tolist()) + "\n")
    baseline.write(baseline.of_rows(rows, COLUMNS), folder / "baseline.json")
    shutil.copytree(HERE / "code", folder / "code", ignore=shutil.ignore_patterns("__pycache__"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
