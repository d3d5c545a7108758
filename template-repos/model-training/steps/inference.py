"""The functions that SageMaker's model server calls: raw abalone rows in, predicted rings out.

This module is packed into model.tar.gz. A request is CSV without a header, one abalone per line, in the column order of
features.py; the answer has one number per line. Evaluation uses it too, so it measures what will be served.
"""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import xgboost
from features import Matrix, Preprocessing, Row, read_rows

try:  # in SageMaker's image
    from sagemaker_inference.errors import GenericInferenceToolkitError  # pyrefly: ignore[missing-import]
except ImportError:  # everywhere else

    class GenericInferenceToolkitError(Exception):
        """The part of the image's own class that is used here."""

        def __init__(self, status_code: int, message: str) -> None:
            super().__init__(message)
            self.status_code = status_code
            self.message = message


MODEL_FILE = "model.ubj"
PREPROCESSING_FILE = "preprocessing.json"
CONTENT_TYPE = "text/csv"


class RequestError(GenericInferenceToolkitError):
    """The caller's mistake. Any other error is answered with 500, and counts against the model."""

    status_code: int
    """Of the answer."""


@dataclass(frozen=True)
class Model:
    """A booster with the preprocessing it was trained behind."""

    booster: xgboost.Booster
    preprocessing: Preprocessing


def model_fn(model_dir: str) -> Model:
    """Load the model and its preprocessing from the model folder."""
    folder = Path(model_dir)
    booster = xgboost.Booster()
    booster.load_model(str(folder / MODEL_FILE))
    return Model(booster, Preprocessing.load(folder / PREPROCESSING_FILE))


def input_fn(input_data: str | bytes, content_type: str) -> list[Row]:
    """Read the rows of a request.

    Raises:
        RequestError: the content type is not CSV, there is no row, or one does not have the expected columns.
    """
    if content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        reason = f"content type is {content_type!r}, expected {CONTENT_TYPE}"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, reason)
    try:
        rows = read_rows(input_data.decode() if isinstance(input_data, bytes) else input_data)
    except ValueError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, str(error)) from error
    if not rows:
        raise RequestError(HTTPStatus.BAD_REQUEST, "the request has no row")
    return rows


def predict_fn(data: list[Row], model: Model) -> Matrix:
    """Predict the rings of each row.

    Raises:
        RequestError: a value is no number, or a category that training has not seen.
    """
    try:
        values = model.preprocessing.apply(data)
    except ValueError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, str(error)) from error
    return model.booster.predict(xgboost.DMatrix(values, feature_names=model.preprocessing.names))


def output_fn(prediction: Matrix, accept: str) -> str:
    """Return one prediction per line.

    Raises:
        RequestError: the caller does not accept CSV.
    """
    if not any(
        offer.partition(";")[0].strip().lower() in (CONTENT_TYPE, "text/*", "*/*") for offer in accept.split(",")
    ):
        raise RequestError(HTTPStatus.NOT_ACCEPTABLE, f"accept is {accept!r}, expected {CONTENT_TYPE}")
    return "".join(f"{value:.6f}\n" for value in prediction)
