"""The functions that SageMaker's XGBoost image calls: raw abalone rows in, predicted rings out.

This module is packed into model.tar.gz. A request is CSV without a header, one abalone per line, in the column order of
features.py; the answer is one number per abalone, as CSV or as a JSON list. Evaluation uses `model_fn` and `predict` too,
so it measures what will be served.

The image answers every exception with 500, which counts against the model: an alarm may take its release back. So
`transform_fn` returns an answer of its own for whatever is the caller's mistake, and lets every other error be raised.
It takes the place of input_fn, predict_fn and output_fn; the image refuses a module that has both.
Source: `serving.py` of aws/sagemaker-xgboost-container, `_transformer.py` of aws/sagemaker-containers.
"""

import csv
import io
import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import xgboost
from features import InvalidRowsError, Matrix, Preprocessing, Row, read_rows
from flask import Response  # the image serves with Flask
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

MODEL_FILE = "model.ubj"
PREPROCESSING_FILE = "preprocessing.json"
CSV, JSON = "text/csv", "application/json"


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


def transform_fn(model: Model, content: str | bytes, content_type: str, accept: str) -> tuple[str, str] | Response:
    """Answer one request: with the predictions and their content type, or with the caller's mistake."""
    if not is_csv(content_type):
        return refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content type is {content_type!r}, expected {CSV} in UTF-8")
    answered = answer_type(accept)
    if answered is None:
        return refusal(HTTPStatus.NOT_ACCEPTABLE, f"accept is {accept!r}, expected {CSV} or {JSON}")
    try:
        predictions = predict(model, read(content))
    except InvalidRowsError as error:
        return refusal(HTTPStatus.BAD_REQUEST, str(error))
    return write(predictions, answered), answered


def is_csv(content_type: str) -> bool:
    """Return True for CSV in UTF-8, the only form of request that is understood."""
    kind, options = parse_options_header(content_type)
    return kind.lower() == CSV and options.get("charset", "utf-8").lower() in ("utf-8", "utf8", "us-ascii")


def answer_type(accept: str) -> str | None:
    """Return the content type that a caller likes best of those that `write` knows; None if it accepts neither."""
    # Parameters such as a charset do not matter here, and would make two types differ.
    types = [(kind.partition(";")[0], quality) for kind, quality in parse_accept_header(accept)]
    return MIMEAccept(types).best_match([CSV, JSON])


def read(content: str | bytes) -> list[Row]:
    """Return the rows of a request.

    Raises:
        InvalidRowsError: there is no row, or one does not have the expected columns.
    """
    rows = read_rows(content)
    if not rows:
        raise InvalidRowsError("the request has no row")
    return rows


def predict(model: Model, rows: list[Row]) -> Matrix:
    """Return the predicted rings of each row.

    Raises:
        InvalidRowsError: a value is no number, or a category that training has not seen.
    """
    values = model.preprocessing.apply(rows)
    return model.booster.predict(xgboost.DMatrix(values, feature_names=model.preprocessing.names))


def write(predictions: Matrix, content_type: str) -> str:
    """Return the predictions as CSV, one per line, or as a JSON list."""
    numbers = [round(float(prediction), 6) for prediction in predictions]
    if content_type == JSON:
        return json.dumps(numbers)
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([number] for number in numbers)
    return lines.getvalue()


def refusal(status: HTTPStatus, reason: str) -> Response:
    """Return the answer to a mistake of the caller."""
    return Response(f"{reason}\n", status=status, mimetype="text/plain")
