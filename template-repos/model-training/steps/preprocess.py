"""Check the raw data, split it into train, validation and test rows, and fit the preprocessing on the train rows.

The rows stay raw: the parameters that turn them into the model's input go to preprocessing.json, which is packed into the model.
origin.json says which rows these were; the evaluation takes it into its report, whose digest is registered with the version.
"""

import argparse
import csv
import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import feature_store
import numpy as np
from features import COLUMNS, TARGET, InvalidRowsError, Preprocessing, Row, labelled, read_labelled_rows
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_platform import job

logger = logging.getLogger(__name__)


def main() -> None:
    """Run the step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--validation-fraction", type=float, required=True)
    parser.add_argument("--test-fraction", type=float, required=True)
    parser.add_argument("--feature-group", help="the data is the offline store of this group, and not CSV")
    parser.add_argument("--record-identifier", help="its feature that tells records apart")
    parser.add_argument("--event-time", help="its feature that says when a record became what it is")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="records as they were at this time")
    arguments = parser.parse_args()

    data = job.processing_input("data")
    if arguments.feature_group is None:
        source = ", ".join(sorted(file.name for file in data.glob("*.csv")))
        rows, targets = read_labelled_rows(data)
    else:
        source = f"feature group {arguments.feature_group} as of {arguments.as_of.isoformat()}"
        snapshot = feature_store.Snapshot(
            record_identifier=arguments.record_identifier, event_time=arguments.event_time, as_of=arguments.as_of
        )
        rows, targets = labelled(feature_store.read(data, (*COLUMNS, TARGET), snapshot))
    logger.info("%s: %d rows", source, len(rows))
    parts = split(rows, arguments.seed, arguments.validation_fraction, arguments.test_fraction)
    preprocessing = fit([rows[index] for index in parts["train"]])
    preprocessing.apply(rows)  # a row that a later step could not use is refused here, by its file and number
    preprocessing.save(job.processing_output("preprocessing") / "preprocessing.json")
    origin = {"source": source, "rows": len(rows), "sha256": digest(rows, targets.tolist())}
    (job.processing_output("origin") / "origin.json").write_text(json.dumps(origin) + "\n")
    for name, indices in parts.items():
        file = job.processing_output(name) / f"{name}.csv"
        write(file, [[*rows[index].values, str(float(targets[index]))] for index in indices])
        logger.info("%s: %d rows", name, len(indices))


def digest(rows: Sequence[Row], targets: Sequence[float]) -> str:
    """Return the SHA-256 of the rows with their targets, in their order."""
    content = hashlib.sha256()
    for row, target in zip(rows, targets, strict=True):
        content.update(json.dumps([*row.values, target]).encode() + b"\n")
    return content.hexdigest()


def split(rows: Sequence[Row], seed: int, validation_fraction: float, test_fraction: float) -> dict[str, list[int]]:
    """Return the row numbers of each part; every row is in exactly one.

    The part depends on the row and the seed alone, so when data is added, no row that an earlier model was trained on becomes one that
    it is measured on as the champion. Rows that are the same to the model are in the same part.

    Raises:
        InvalidRowsError: a part has no row.
    """
    parts: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for index, row in enumerate(rows):
        place = _place(row, seed)
        if place < test_fraction:
            parts["test"].append(index)
        elif place < test_fraction + validation_fraction:
            parts["validation"].append(index)
        else:
            parts["train"].append(index)
    if lacking := [name for name, part in parts.items() if not part]:
        raise InvalidRowsError(
            f"none of the {len(rows)} rows is in the part {lacking[0]}: they are too few, or the same again and again"
        )
    return parts


def _place(row: Row, seed: int) -> float:
    """Return a number from 0 up to 1, evenly spread over rows; the same for a number in another notation, and for another target."""
    content = json.dumps([seed, row.values[0], *row.measurements()])
    return int.from_bytes(hashlib.sha256(content.encode()).digest()[:6]) / 2**48


def fit(rows: list[Row]) -> Preprocessing:
    """Return the preprocessing that scikit-learn fits on these rows."""
    scaler: Any = StandardScaler().fit(np.array([row.measurements() for row in rows]))
    encoder: Any = OneHotEncoder().fit(np.array([row.values[:1] for row in rows]))
    return Preprocessing(
        means=tuple(scaler.mean_.tolist()),
        scales=tuple(scaler.scale_.tolist()),
        categories=tuple(encoder.categories_[0].tolist()),
    )


def write(file: Path, rows: list[list[str]]) -> None:
    """Write rows as CSV without a header, as SageMaker's own algorithms read it."""
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


if __name__ == "__main__":
    job.run(main)
