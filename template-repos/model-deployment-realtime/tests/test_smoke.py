"""The test of an endpoint's answers. Rows and limits are those in smoke/ and settings.toml, whatever they are."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from fake_aws import FakeRuntime

from deployment import settings, smoke
from mlops_platform import REPOSITORY
from mlops_platform.monitoring.captured import OF_TESTS
from mlops_platform.release import DeploymentError, known_rows
from mlops_platform.release.testing.aws import refusal
from mlops_platform.release.testing.example import PROJECT

LIMITS = settings.read(REPOSITORY / "settings.toml").test
ROWS, TRUTH = known_rows.read_rows(smoke.ROWS)
KNOWN = {tuple(row): truth for row, truth in zip(ROWS, TRUTH, strict=True)}


ERROR = LIMITS.mean_absolute_error / 4


def good(rows: list[list[str]], error: float = ERROR) -> str:
    """Predict a little more than the truth."""
    return "".join(f"{KNOWN[tuple(row)] + error}\n" for row in rows)


def ask(runtime: FakeRuntime, limits: settings.Test = LIMITS) -> smoke.Outcome:
    name = PROJECT.environments["preprod"].deployment_name
    return smoke.test(smoke.Endpoint(name=name, runtime=runtime, now=runtime.now), limits)


def test_a_good_endpoint_gets_all_rows_together_and_some_alone() -> None:
    outcome = ask(FakeRuntime(predict=good))
    assert outcome.rows == len(ROWS)
    assert outcome.mean_absolute_error == pytest.approx(ERROR)
    assert outcome.latency_milliseconds == pytest.approx(10)
    assert outcome.examples[0] == (TRUTH[0] + ERROR, TRUTH[0])


def test_every_request_has_an_id_of_its_own_by_which_it_is_left_out_of_what_is_watched() -> None:
    runtime = FakeRuntime(predict=good)
    ask(runtime)
    # All rows, some alone, and two mistakes of callers.
    assert len(set(runtime.identities)) == len(runtime.identities) == 1 + smoke.SINGLE_REQUESTS + 2
    assert all(each.startswith(OF_TESTS) and len(each) <= 64 for each in runtime.identities)


def test_the_mean_of_all_rows_is_not_good_enough_an_answer() -> None:
    mean = sum(TRUTH) / len(TRUTH)
    off = sum(abs(truth - mean) for truth in TRUTH) / len(TRUTH)
    limits = replace(LIMITS, mean_absolute_error=off / 2)
    allowed = f"is off by {off:.2f} on average; settings.toml allows {off / 2:g}"
    with pytest.raises(DeploymentError, match=allowed):
        ask(FakeRuntime(predict=lambda rows: f"{mean}\n" * len(rows)), limits)


def test_a_slow_endpoint_fails() -> None:
    limit = LIMITS.latency_milliseconds
    with pytest.raises(DeploymentError, match=rf"within {2 * limit:.0f} ms; settings\.toml allows {limit:g} ms"):
        ask(FakeRuntime(predict=good, seconds=2 * limit / 1000))


FIRST = re.escape(known_rows.to_csv(ROWS[:1]).decode().strip())
ALLOWED = rf"; settings\.toml allows {LIMITS.lowest:g} to {LIMITS.highest:g}"
Predict = Callable[[list[list[str]]], str]
WRONG: list[tuple[Predict, str]] = [
    (lambda _: "", rf"answered {len(ROWS)} row\(s\) with 0 line\(s\)"),
    (lambda rows: good(rows[1:]), rf"answered {len(ROWS)} row\(s\) with {len(ROWS) - 1} line\(s\)"),
    (lambda rows: json.dumps([10.0] * len(rows)), r"with 1 line\(s\)"),
    (lambda rows: '"10.0\n' * len(rows), "answered what is no CSV"),
    (lambda rows: "10.0,11.0\n" * len(rows), "answered '10.0,11.0', expected a number"),
    (lambda rows: "ten\n" * len(rows), "answered 'ten', expected a number"),
    (lambda rows: "nan\n" * len(rows), "answered nan, expected a finite number"),
    (lambda rows: "inf\n" * len(rows), "answered inf, expected a finite number"),
    (lambda rows: f"{LIMITS.lowest - 1}\n" * len(rows), rf"predicts \S+ for {FIRST}{ALLOWED}"),
    (lambda rows: f"{LIMITS.highest + 1}\n" * len(rows), rf"predicts \S+ for {FIRST}{ALLOWED}"),
    (lambda rows: good(rows, ERROR * min(len(rows), 2)), r"predicts \S+ for a row alone, and \S+ among others"),
]


@pytest.mark.parametrize(("predict", "reason"), WRONG)
def test_a_wrong_or_malformed_answer_fails(predict: Predict, reason: str) -> None:
    with pytest.raises(DeploymentError, match=reason):
        ask(FakeRuntime(predict=predict))


@pytest.mark.parametrize("content_type", ["application/json", "text/html; charset=utf-8", ""])
def test_an_answer_of_another_content_type_fails(content_type: str) -> None:
    with pytest.raises(DeploymentError, match=f"answered with the content type '{content_type}', expected text/csv"):
        ask(FakeRuntime(predict=good, content_type=content_type))


@pytest.mark.parametrize("content_type", ["text/csv", "Text/CSV;charset=utf-8", "text/csv ; charset=utf-8"])
def test_the_content_type_of_csv_has_many_spellings(content_type: str) -> None:
    assert ask(FakeRuntime(predict=good, content_type=content_type)).rows == len(ROWS)


def test_rows_are_sent_and_answers_read_whatever_csv_allows() -> None:
    quoted = FakeRuntime(predict=lambda rows: "".join(f'"{KNOWN[tuple(row)]}"\r\n' for row in rows))
    assert ask(quoted).mean_absolute_error == 0


def test_values_with_commas_quotes_and_line_breaks_reach_the_endpoint_as_they_are(tmp_path: Path) -> None:
    row = ["I, infant", 'say "seven"', "two\nlines", "é", *ROWS[0]][: len(ROWS[0])]
    file = tmp_path / "rows.csv"
    file.write_bytes(b"\xef\xbb\xbf" + known_rows.to_csv([[*row, "7.5"]]) + b"\r\n")
    asked: list[list[str]] = []

    def predict(rows: list[list[str]]) -> str:
        asked.extend(rows)
        return "7.5\n" * len(rows)

    runtime = FakeRuntime(predict=predict)
    name = PROJECT.environments["preprod"].deployment_name
    limits = replace(LIMITS, lowest=0, highest=10)
    outcome = smoke.test(smoke.Endpoint(name=name, runtime=runtime, now=runtime.now), limits, file)
    assert outcome.examples == [(7.5, 7.5)]
    assert asked == [row, row]


@pytest.mark.parametrize(
    "error",
    [ReadTimeoutError(endpoint_url="https://runtime"), EndpointConnectionError(endpoint_url="https://runtime")],
)
def test_no_answer_fails(error: Exception) -> None:
    with pytest.raises(DeploymentError, match="did not answer: "):
        ask(FakeRuntime(error=error))


def test_the_message_of_a_model_that_fails_is_reported() -> None:
    metadata = {"HTTPStatusCode": 424}
    message = "Received server error (500) from primary"
    error = refusal("InvokeEndpoint", "ModelError", message, OriginalMessage="no such file", ResponseMetadata=metadata)
    with pytest.raises(DeploymentError, match="refused a good request: ModelError: no such file"):
        ask(FakeRuntime(error=error))


@pytest.mark.parametrize(
    ("runtime", "mistake"),
    [
        (FakeRuntime(predict=lambda rows: good(rows) if rows else "", refuses_with=0), "a request of the content type"),
        (
            FakeRuntime(predict=lambda rows: good([row[: len(ROWS[0])] for row in rows]), refuses_rows_with=0),
            "a row with a value",
        ),
    ],
)
def test_a_mistake_of_a_caller_must_be_refused(runtime: FakeRuntime, mistake: str) -> None:
    with pytest.raises(DeploymentError, match=f"answered {mistake} .* as if nothing were wrong"):
        ask(runtime)


@pytest.mark.parametrize(
    ("runtime", "mistake"),
    [
        (FakeRuntime(predict=good, refuses_with=500), "a request of the content type image/png"),
        (FakeRuntime(predict=good, refuses_rows_with=500), "a row with a value too many"),
    ],
)
def test_a_mistake_of_a_caller_must_not_count_as_a_failure_of_the_model(runtime: FakeRuntime, mistake: str) -> None:
    with pytest.raises(DeploymentError, match=f"answered {mistake} with 500, expected 400 to 499"):
        ask(runtime)
