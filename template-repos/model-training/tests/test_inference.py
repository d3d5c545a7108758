"""Requests and answers: each goes over HTTP to the model server of the XGBoost image, unless a test says otherwise."""

import json
import random
import re

import features
import inference
import numpy as np
import pytest
import xgboost
from features import Preprocessing
from flask import Response

from mlops_platform.pipeline.local_endpoint import Answer, LocalEndpoint

ROW = "M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15"
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}


def with_value(value: str, column: int = 1) -> str:
    """Return the row with one other value."""
    values = ROW.split(",")
    return ",".join([*values[:column], value, *values[column + 1 :]])


def numbers(answer: Answer) -> list[float]:
    """Return the predictions of a good answer."""
    assert answer.status == 200, answer
    assert answer.content_type.partition(";")[0] == "text/csv"
    return [float(line) for line in answer.body.decode().splitlines()]


@pytest.fixture(scope="module")
def expected(endpoint: LocalEndpoint) -> float:
    """The prediction for the row."""
    [prediction] = numbers(endpoint.invoke(ROW.encode(), CSV))
    assert 4 < prediction < 15
    return prediction


@pytest.mark.parametrize(
    ("body", "count"),
    [
        pytest.param(f"{ROW}\n", 1, id="a line"),
        pytest.param(f"{ROW}\n{ROW}\n{ROW}", 3, id="three lines, the last without an end"),
        pytest.param(f"{ROW}\r\n{ROW}\r\n", 2, id="line ends of Windows"),
        pytest.param(f"{ROW}\r{ROW}\r", 2, id="line ends of old spreadsheets"),
        pytest.param(f"\n\n{ROW}\n\n", 1, id="empty lines"),
        pytest.param(f"\ufeff{ROW}\n", 1, id="a byte order mark"),
        pytest.param(ROW.replace(",", " , "), 1, id="spaces around values"),
        pytest.param('"' + ROW.replace(",", '","') + '"', 1, id="quoted values"),
    ],
)
@pytest.mark.parametrize("content_type", ["text/csv", "text/csv; charset=utf-8"])
def test_every_form_of_csv_is_answered_with_one_number_for_each_row(
    endpoint: LocalEndpoint, expected: float, body: str, count: int, content_type: str
) -> None:
    answer = endpoint.invoke(body.encode(), {**CSV, "Content-Type": content_type})
    assert numbers(answer) == pytest.approx([expected] * count)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Content-Type": "text/csv"}, id="no Accept"),
        {"Content-Type": "text/csv", "Accept": "*/*"},
        {"Content-Type": "text/csv", "Accept": "text/*"},
        {"Content-Type": "text/csv", "Accept": "Text/CSV"},
        {"Content-Type": "text/csv", "Accept": "application/json;q=0.5, text/csv"},
        {"Content-Type": "text/csv", "Accept": "image/png, */*;q=0.1"},
        {"content-type": "TEXT/CSV", "accept": "text/csv"},
        {"CONTENT-TYPE": 'text/csv;charset="UTF-8"', "ACCEPT": "text/csv;charset=utf-8"},
        {"Content-Type": "text/csv; header=absent"},
    ],
    ids=str,
)
def test_an_answer_is_csv_for_everybody_who_does_not_ask_for_something_else(
    endpoint: LocalEndpoint, expected: float, headers: dict[str, str]
) -> None:
    assert numbers(endpoint.invoke(ROW.encode(), headers)) == [expected]


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/csv;q=0.9", "application/*"])
def test_who_asks_for_json_gets_a_list(endpoint: LocalEndpoint, expected: float, accept: str) -> None:
    answer = endpoint.invoke(f"{ROW}\n{ROW}\n".encode(), {**CSV, "Accept": accept})
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert json.loads(answer.body) == [expected, expected]


BAD_BODIES = [
    pytest.param("", "no row", id="empty"),
    pytest.param("\n\r\n", "no row", id="only empty lines"),
    pytest.param("M,1,1\n", "row 1 has 3 values, expected 8", id="too few values"),
    pytest.param(f"{ROW}\n{ROW},1\n", "row 2 has 9 values, expected 8", id="too many values"),
    pytest.param(f"{','.join(features.COLUMNS)}\n{ROW}\n", "sex is 'sex', expected one of", id="a heading"),
    pytest.param(json.dumps([ROW.split(",")]), "row 1 has 8 values|sex is", id="JSON"),
    pytest.param(with_value("X", 0), "sex is 'X', expected one of", id="an unknown category"),
    pytest.param(with_value(""), "length is '', expected a number", id="no value"),
    pytest.param(with_value("long"), "length is 'long', expected a number", id="text for a number"),
    pytest.param(with_value("nan"), "length is 'nan', expected a finite number", id="not a number"),
    pytest.param(with_value("-Infinity"), "length is '-Infinity', expected a finite number", id="infinite"),
    pytest.param(with_value("1e999"), "length is '1e999', expected a finite number", id="too large for a float"),
    pytest.param(with_value("1e300"), r"length is 1e\+300, which is too large", id="too large for the model"),
    pytest.param(with_value("3.4e38"), r"length is 3.4e\+38, which is too large", id="too large once scaled"),
    pytest.param(with_value("9" * 100_000), "length is '99999", id="a large value"),
    pytest.param(with_value("9" * 200_000), "field larger than field limit", id="a value larger than the reader takes"),
    pytest.param(with_value("1\0"), r"length is '1\\x00', expected a number", id="a NUL byte"),
    pytest.param(with_value('"1\n2"'), r"length is '1\\n2', expected a number", id="a line break in quotes"),
    pytest.param(with_value('"1\r2"'), r"length is '1\\r2', expected a number", id="a carriage return in quotes"),
    pytest.param(f'"{ROW}\n{ROW}\n', "cannot be read as CSV", id="quotes that never end"),
    pytest.param(f'"M"x{ROW[1:]}\n', "cannot be read as CSV", id="text after quotes"),
    pytest.param(b"\xff\xfeM\x00,\x001\x00", "row 1 has|cannot be read as CSV in UTF-8", id="UTF-16"),
    pytest.param(ROW.replace("M", "é").encode("latin-1"), "sex is|cannot be read as CSV in UTF-8", id="Latin-1"),
    pytest.param(b"\x80" * 1000, "row 1 has|cannot be read as CSV in UTF-8", id="undecodable bytes"),
]


@pytest.mark.parametrize(("body", "reason"), BAD_BODIES)
@pytest.mark.parametrize("content_type", ["text/csv", "text/csv; charset=utf-8"])
def test_a_body_that_the_model_cannot_use_is_the_callers_mistake(
    endpoint: LocalEndpoint, body: str | bytes, reason: str, content_type: str
) -> None:
    sent = body.encode() if isinstance(body, str) else body
    answer = endpoint.invoke(sent, {**CSV, "Content-Type": content_type})
    assert (answer.status, answer.content_type) == (400, "text/plain; charset=utf-8")
    text = answer.body.decode()
    assert len(text) < 500
    assert re.search(reason, text), text


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "image/png",
        "text/csvx",
        "text",
        ";;;",
        "text/csv; charset=latin-1",
    ],
)
def test_another_content_type_than_csv_is_415(endpoint: LocalEndpoint, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = endpoint.invoke(ROW.encode(), {"Accept": "text/csv", **headers})
    assert (answer.status, answer.content_type) == (415, "text/plain; charset=utf-8")
    assert b"expected text/csv in UTF-8" in answer.body


@pytest.mark.parametrize("accept", ["image/png", "text/html", "text/csv;q=0", "csv", ",", ";q=x"])
def test_who_accepts_neither_csv_nor_json_gets_406(endpoint: LocalEndpoint, accept: str) -> None:
    answer = endpoint.invoke(ROW.encode(), {**CSV, "Accept": accept})
    assert (answer.status, answer.content_type) == (406, "text/plain; charset=utf-8")
    assert b"expected text/csv or application/json" in answer.body


# The functions themselves, without a server.


@pytest.fixture(scope="module")
def small() -> inference.Model:
    """A model of a few trees."""
    rows = [with_value(str(number / 10)).split(",") for number in range(20)]
    preprocessing = Preprocessing(means=(0.0,) * 7, scales=(0.1,) * 7, categories=("F", "M"))
    data = xgboost.DMatrix(preprocessing.apply(rows), np.arange(20.0), feature_names=preprocessing.names)
    return inference.Model(xgboost.train({"max_depth": 2, "nthread": 1}, data, 3), preprocessing)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_sent_is_answered_or_refused_and_raises_nothing(small: inference.Model, seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311 - no secret
    pieces = [
        ROW,
        "\n",
        "\r",
        "\r\n",
        ",",
        '"',
        "\0",
        "\ufeff",
        "é",
        "M",
        "1e308",
        "-1e39",
        "nan",
        "\x1c",
        "\u2028",
        "٣",
        " ",
    ]
    for _ in range(100):
        body = "".join(chosen.choices(pieces, weights=[9, 5, *[1] * 15], k=chosen.randrange(8)))
        content = chosen.choice([body, body.encode(), body.encode("utf-16"), chosen.randbytes(20)])
        answer = inference.transform_fn(small, content, "text/csv", "text/csv")
        if isinstance(answer, Response):
            assert answer.status_code == 400, content
        else:
            assert all(np.isfinite(float(line)) for line in answer[0].splitlines()), content
            assert answer[0], content


def test_an_error_of_the_model_is_no_mistake_of_the_caller(small: inference.Model) -> None:
    other = xgboost.train({}, xgboost.DMatrix(np.ones((2, 1)), np.ones(2), feature_names=["other"]), 1)
    broken = inference.Model(other, small.preprocessing)
    with pytest.raises(ValueError, match="feature_names mismatch") as raised:
        inference.transform_fn(broken, ROW, "text/csv", "text/csv")
    assert not isinstance(raised.value, features.InvalidRowsError)
