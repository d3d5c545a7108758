"""The serving code of the example's model: the functions that SageMaker's images call. A real model brings its own."""

import csv
import io
import json
from http import HTTPStatus
from pathlib import Path

import numpy as np
from flask import Response  # the image serves with Flask
from numpy.typing import NDArray

CATEGORIES = ("F", "I", "M")


def model_fn(model_dir: str) -> NDArray[np.float64]:
    """Load the coefficients."""
    return np.array(json.loads((Path(model_dir) / "coefficients.json").read_text()))


def transform_fn(
    model: NDArray[np.float64], content: str, content_type: str, accept: str
) -> tuple[str, str] | Response:
    """Answer rows of CSV with one number each; rows that cannot be used are the caller's mistake."""
    del content_type
    try:
        rows = [features(row) for row in csv.reader(io.StringIO(content, newline=""))]
    except ValueError as error:
        return Response(f"{error}\n", status=HTTPStatus.BAD_REQUEST, mimetype="text/plain")
    return "".join(f"{value:.6f}\n" for value in np.array(rows) @ model), accept


def features(row: list[str]) -> list[float]:
    """Return the numbers of a row: one for each sex, and the measurements.

    Raises:
        ValueError: the sex is none that training has seen, or a measurement is missing.
    """
    sex, *measurements = row
    if sex not in CATEGORIES:
        raise ValueError(f"sex is {sex!r}, expected one of {', '.join(CATEGORIES)}")
    return [*(float(sex == known) for known in CATEGORIES), *(float(value) for value in measurements)]
