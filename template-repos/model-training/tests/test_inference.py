"""Requests and answers: each goes over HTTP to the model server of the XGBoost image, unless a test says otherwise."""

import json
import random
import re

import features
import inference
import numpy as np
import pytest
import xgboost
from examples import ROW, VALUES, line, with_value
from features import CATEGORY, COLUMNS, MEASUREMENTS, Preprocessing, Row
from flask import Response

from mlops_platform.serving.local_endpoint import Answer, LocalEndpoint

CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}
MEASUREMENT = MEASUREMENTS[0]


def changed(value: str, column: int = 1) -> str:
    """Return the row with one other value, as CSV."""
    return line(with_value(value, column))


def numbers(answer: Answer) -> list[float]:
    """Return the predictions of a good answer."""
    assert answer.status == 200, answer
    assert answer.content_type.partition(";")[0] == "text/csv"
    return [float(line) for line in answer.body.decode().splitlines()]


@pytest.fixture(scope="module")
def expected(endpoint: LocalEndpoint) -> float:
    """The prediction for the row."""
    [prediction] = numbers(endpoint.invoke(ROW.encode(), CSV))
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
        pytest.param(" , ".join(VALUES), 1, id="spaces around values"),
        pytest.param('"' + '","'.join(VALUES) + '"', 1, id="quoted values"),
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


COUNT = len(COLUMNS)
NO_NUMBER = f"row 1: {MEASUREMENT} is {{}}, expected a number"
TOO_LARGE = f"row 1: {MEASUREMENT} is {{}}, which is too large"
BAD_BODIES = [
    pytest.param("", "no row", id="empty"),
    pytest.param("\n\r\n", "no row", id="only empty lines"),
    pytest.param(line(VALUES[:-1]), f"row 1: {COUNT - 1} values, expected {COUNT}", id="too few values"),
    pytest.param(f"{ROW}\n{ROW},1\n", f"row 2: {COUNT + 1} values, expected {COUNT}", id="too many values"),
    pytest.param(f"{line(COLUMNS)}\n{ROW}\n", f"row 1: {CATEGORY} is '{CATEGORY}', expected one", id="a heading"),
    pytest.param(json.dumps([VALUES]), f"row 1: {COUNT} values|row 1: {CATEGORY} is", id="JSON"),
    pytest.param(changed("X", 0), f"row 1: {CATEGORY} is 'X', expected one of", id="an unknown category"),
    pytest.param(f"{ROW}\n\n{changed('')}\n{ROW}", f"row 3: {MEASUREMENT} is '', expected a number", id="no value"),
    pytest.param(changed("long"), NO_NUMBER.format("'long'"), id="text for a number"),
    pytest.param(changed("0.4_55"), NO_NUMBER.format("'0.4_55'"), id="a number that only Python reads"),
    pytest.param(changed("٣"), NO_NUMBER.format("'٣'"), id="digits that are not ASCII"),
    pytest.param(changed("nan"), NO_NUMBER.format("'nan'"), id="not a number"),
    pytest.param(changed("-Infinity"), NO_NUMBER.format("'-Infinity'"), id="infinite"),
    pytest.param(changed("1e999"), TOO_LARGE.format("'1e999'"), id="too large for a float"),
    pytest.param(changed("1e300"), TOO_LARGE.format("'1e300'"), id="too large for the model"),
    pytest.param(changed("9" * 100_000), TOO_LARGE.format("'9{50}…'"), id="a large value"),
    pytest.param(changed("9" * 100_000 + "x"), NO_NUMBER.format("'9{50}…'"), id="a large value that is no number"),
    pytest.param(changed("9" * 200_000), "field larger than field limit", id="a value larger than the reader takes"),
    pytest.param(changed("1\0"), NO_NUMBER.format(r"'1\\x00'"), id="a NUL byte"),
    pytest.param(changed("1\n2"), NO_NUMBER.format(r"'1\\n2'"), id="a line break in quotes"),
    pytest.param(changed("1\r2"), NO_NUMBER.format(r"'1\\r2'"), id="a carriage return in quotes"),
    pytest.param(f'"{ROW}\n{ROW}\n', "row 1: cannot be read as CSV", id="quotes that never end"),
    pytest.param(f'{ROW}\n"M"x\n', "row 2: cannot be read as CSV", id="text after quotes"),
    pytest.param(b"\xff\xfeM\x00,\x001\x00", "row 1: |line 1: cannot be read as UTF-8", id="UTF-16"),
    pytest.param(changed("é", 0).encode("latin-1"), "row 1: |line 1: cannot be read as UTF-8", id="Latin-1"),
    pytest.param(b"\x80" * 1000, "row 1: |line 1: cannot be read as UTF-8", id="undecodable bytes"),
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
    rows = [Row(f"row {number}", with_value(str(number / 10))) for number in range(20)]
    same = len(MEASUREMENTS)
    preprocessing = Preprocessing(means=(0.0,) * same, scales=(0.1,) * same, categories=(VALUES[0],))
    data = xgboost.DMatrix(preprocessing.apply(rows), np.arange(20.0), feature_names=preprocessing.names)
    return inference.Model(xgboost.train({"max_depth": 2, "nthread": 1}, data, 3), preprocessing)


def test_a_number_that_is_too_large_once_it_is_scaled_is_the_callers_mistake(small: inference.Model) -> None:
    answer = inference.transform_fn(small, f"{ROW}\n{changed('3.4e38')}", "text/csv", "text/csv")
    assert isinstance(answer, Response)
    assert (answer.status_code, answer.get_data(as_text=True)) == (
        400,
        f"row 2: {MEASUREMENT} is 3.4e+38, which is too large for this model\n",
    )


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
        VALUES[0],
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
