"""Fit the example's model by least squares, and pack it as a training job does: numbers, serving code, baseline.

Runs with the packages of the image, and finds `mlops_platform` and the serving code by PYTHONPATH:
python train.py ROWS FOLDER, where ROWS are CSV with the truth in the last column.
"""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from inference import features

from mlops_platform.monitoring import baseline
from mlops_platform.monitoring.baseline import Kind

HERE = Path(__file__).resolve().parent
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
