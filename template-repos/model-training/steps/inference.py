"""What SageMaker's model server calls: raw abalone rows in, predicted rings out.

It travels inside model.tar.gz. A request is CSV without a header, one abalone per line, in the column order of
features.py; the answer has one number per line. Evaluation comes through here too, so it measures what will be served.
"""

# xgboost has only some types
# pyright: standard

from dataclasses import dataclass
from pathlib import Path

import xgboost
from features import Matrix, Preprocessing, Row, read_rows

MODEL_FILE = "model.ubj"
PREPROCESSING_FILE = "preprocessing.json"
CONTENT_TYPE = "text/csv"


@dataclass(frozen=True)
class Model:
    """A booster with the preprocessing it was trained behind."""

    booster: xgboost.Booster
    preprocessing: Preprocessing


def model_fn(model_dir: str) -> Model:
    """Load what training left in the model folder."""
    folder = Path(model_dir)
    booster = xgboost.Booster()
    booster.load_model(str(folder / MODEL_FILE))
    return Model(booster, Preprocessing.load(folder / PREPROCESSING_FILE))


def input_fn(input_data: str | bytes, content_type: str) -> list[Row]:
    """Read the rows of a request.

    Raises:
        ValueError: the content type is not CSV, there is no row, or one does not have the expected columns.
    """
    if content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise ValueError(f"content type is {content_type!r}, expected {CONTENT_TYPE}")
    rows = read_rows(input_data.decode() if isinstance(input_data, bytes) else input_data)
    if not rows:
        raise ValueError("the request has no row")
    return rows


def predict_fn(data: list[Row], model: Model) -> Matrix:
    """Predict the rings of each row."""
    matrix = xgboost.DMatrix(model.preprocessing.apply(data), feature_names=model.preprocessing.names)
    return model.booster.predict(matrix)


def output_fn(prediction: Matrix, accept: str) -> str:
    """One prediction per line.

    Raises:
        ValueError: the caller does not accept CSV.
    """
    if not any(
        offer.partition(";")[0].strip().lower() in (CONTENT_TYPE, "text/*", "*/*") for offer in accept.split(",")
    ):
        raise ValueError(f"accept is {accept!r}, expected {CONTENT_TYPE}")
    return "".join(f"{value:.6f}\n" for value in prediction)
