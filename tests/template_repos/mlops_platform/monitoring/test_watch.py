"""The job that looks at the captured requests of an endpoint."""

import json
import re
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.monitoring import metric, watch
from mlops_platform.monitoring.baseline import BaselineError, Gate, write
from mlops_platform.monitoring.captured import OF_TESTS
from tests.template_repos.mlops_platform.monitoring.abalone import LATER, WEIGHTS, baseline, heavier
from tests.template_repos.mlops_platform.monitoring.test_captured import line, put

SCHEDULED = datetime(2026, 11, 29, 0, 20, tzinfo=UTC)
"""The window of a day ends 20 minutes before: with the last moment of November 28."""


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's artifact with the statistics of its training."""
    folder = tmp_path_factory.mktemp("model")
    write(replace(baseline(), gate=Gate(measure="mse", highest=6.0)), folder / "baseline.json")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        tar.add(folder / "baseline.json", "./baseline.json")
    return folder / "model.tar.gz"


def captured(folder: Path, rows: list[list[str]], begin: datetime = SCHEDULED - timedelta(hours=24)) -> Path:
    """Write requests of ten rows each, spread over a day, with the ids order-0, order-1 and so on; each row is answered with 9.5."""
    requests = [rows[start : start + 10] for start in range(0, len(rows), 10)]
    for number, request in enumerate(requests):
        moment = begin + timedelta(minutes=10 * number % 1400)
        text = "".join(f"{','.join(row)}\n" for row in request)
        event = line(f"{moment:%Y-%m-%dT%H:%M:%SZ}", text, "9.5\n" * len(request), inferenceId=f"order-{number}")
        put(folder, f"house/AllTraffic/{moment:%Y/%m/%d/%H}/{moment:%M-%S}-000-{number:04d}.jsonl", event)
    return folder


def run(artifact: Path, requests: Path, output: Path, capsys: pytest.CaptureFixture[str], **changed: str) -> Any:
    """Run the job, and return the line of metrics that it prints."""
    options = {
        "artifact": str(artifact),
        "captured": str(requests),
        "output": str(output),
        "scheduled": SCHEDULED.isoformat(),
        "project": "p-abcdefghijkl",
        "environment": "prod",
        "version": "3",
        **changed,
    }
    watch.main([text for name, value in options.items() for text in (f"--{name}", value)])
    [printed] = capsys.readouterr().out.splitlines()
    return json.loads(printed)


def test_a_day_of_ordinary_requests_is_stable(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run(artifact, captured(tmp_path / "in", LATER[:1000]), tmp_path / "out", capsys)
    assert (printed["Project"], printed["Environment"]) == ("p-abcdefghijkl", "prod")
    assert (printed[metric.ROWS], printed[metric.QUARANTINED], printed[metric.DRIFTED_FEATURES]) == (1000, 0, 0)
    assert printed[metric.MAXIMUM_PSI] < 0.03
    assert json.loads((tmp_path / "out" / "drift.json").read_text())["verdict"] == "stable"


def test_a_day_of_heavier_abalones_is_drift_and_the_report_says_of_what(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = captured(tmp_path / "in", [heavier(row, 1.25) for row in LATER[:1000]])
    printed = run(artifact, requests, tmp_path / "out", capsys)
    assert printed[metric.DRIFTED_FEATURES] == len(WEIGHTS)
    document = json.loads((tmp_path / "out" / "drift.json").read_text())
    assert (document["verdict"], document["drifted"]) == ("drift", list(WEIGHTS))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "p-abcdefghijkl version 3 in prod" in page
    assert "requests of 2026-11-28 00:00 to 2026-11-29 00:00 UTC" in page


def test_requests_outside_of_the_window_are_not_counted_and_too_few_have_no_verdict(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = captured(tmp_path / "in", LATER[:1000], SCHEDULED - timedelta(hours=72))
    printed = run(artifact, requests, tmp_path / "out", capsys)
    assert printed[metric.ROWS] == 0
    assert metric.MAXIMUM_PSI not in printed
    assert metric.DRIFTED_FEATURES not in printed
    assert run(artifact, requests, tmp_path / "out", capsys, hours="72")[metric.ROWS] == 1000


def test_a_version_without_a_request_yet_has_no_verdict(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "placeholder").touch()
    assert run(artifact, tmp_path / "in", tmp_path / "out", capsys)[metric.ROWS] == 0


def test_what_cannot_be_read_is_counted_and_kept_with_its_reason(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = captured(tmp_path / "in", [*LATER[:300], ["M", "long", *LATER[0][2:]], ["M"]])
    put(requests, "house/AllTraffic/2026/11/28/12/00-00-000-x.jsonl", "no event")
    printed = run(artifact, requests, tmp_path / "out", capsys)
    assert (printed[metric.ROWS], printed[metric.QUARANTINED]) == (300, 3)
    kept = [json.loads(text) for text in (tmp_path / "out" / "quarantine.jsonl").read_text().splitlines()]
    reasons = sorted(re.split("[:,(]", each["reason"])[0] for each in kept)
    assert reasons == ["1 values", "length is 'long'", "no captured event"]


def test_tests_of_deployments_make_no_drift_and_no_truth(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests, moment = captured(tmp_path / "in", LATER[:300]), SCHEDULED - timedelta(hours=2)
    text = "".join(f"{','.join(heavier(row, 2))}\n" for row in LATER[:50])
    tests = [
        line(f"{moment:%Y-%m-%dT%H:%M:%SZ}", text, "9.5\n" * 50, inferenceId=f"{OF_TESTS}{number}")
        for number in range(9)
    ]
    put(requests, f"house/AllTraffic/{moment:%Y/%m/%d/%H}/00-00-000-x.jsonl", *tests)
    known = truth(tmp_path / "truth", f"{OF_TESTS}1{',19' * 50}", "order-1" + ",9.5" * 10)
    printed = run(artifact, requests, tmp_path / "out", capsys, **known)
    assert (printed[metric.ROWS], printed[metric.DRIFTED_FEATURES], printed[metric.ROWS_WITH_TRUTH]) == (300, 0, 10)


def test_an_endpoint_that_is_asked_in_json_is_said_to_be_unreadable_and_does_not_look_as_if_it_had_no_requests(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = SCHEDULED - timedelta(hours=2)
    events = [line(f"{moment:%Y-%m-%dT%H:%M:%SZ}", '{"instances": [[1, 2]]}', "[9.5]") for _ in range(250)]
    put(tmp_path / "in", f"house/AllTraffic/{moment:%Y/%m/%d/%H}/00-00-000-x.jsonl", *events)
    printed = run(artifact, tmp_path / "in", tmp_path / "out", capsys)
    assert (printed[metric.ROWS], printed[metric.QUARANTINED], printed[metric.QUARANTINED_PERCENT]) == (0, 250, 100)
    assert json.loads((tmp_path / "out" / "drift.json").read_text())["verdict"] == "unreadable"
    page = (tmp_path / "out" / "report.html").read_text()
    assert '<span class="drift">unreadable</span>' in page
    assert "rows are CSV without a header" in page


def truth(folder: Path, *lines: str) -> dict[str, str]:
    """Write truth, and return the options that look for that of the requests of four weeks."""
    put(folder, "2026-11-28.csv", *lines)
    return {"truth": str(folder), "truth-days": "28"}


def quality(output: Path) -> Any:
    return json.loads((output / "drift.json").read_text())["quality"]


def test_answers_are_measured_by_the_truth_that_came_later(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = captured(tmp_path / "in", LATER[:1000], SCHEDULED - timedelta(days=20))
    known = truth(tmp_path / "truth", *(f"order-{number},{','.join(['11.5'] * 10)}" for number in range(40)), "x,1")
    printed = run(artifact, requests, tmp_path / "out", capsys, **known)
    # The requests are none of this day's: there is no verdict on drift, and one on quality.
    assert printed[metric.ROWS] == 0
    assert (printed[metric.ROWS_WITH_TRUTH], printed[metric.MEAN_SQUARED_ERROR]) == (400, 4.0)
    assert printed[metric.INSUFFICIENT_QUALITY] == 0
    found = quality(tmp_path / "out")
    assert (found["verdict"], found["limit"], found["unknown"], found["mismatched"]) == ("sufficient", 6.0, 1, 0)
    assert found["window"] == {"begin": "2026-11-01T00:00:00+00:00", "end": "2026-11-29T00:00:00+00:00"}
    assert "Quality: sufficient: 400 answers with known truth" in (tmp_path / "out" / "report.html").read_text()


def test_answers_worse_than_the_version_may_be_to_be_registered_are_told_and_no_failure(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = truth(tmp_path / "truth", *(f"order-{number},{','.join(['12.5'] * 10)}" for number in range(20)))
    printed = run(artifact, captured(tmp_path / "in", LATER[:1000]), tmp_path / "out", capsys, **known)
    assert (printed[metric.ROWS_WITH_TRUTH], printed[metric.INSUFFICIENT_QUALITY]) == (200, 1)
    assert printed[metric.DRIFTED_FEATURES] == 0
    assert quality(tmp_path / "out")["verdict"] == "insufficient"


def test_truth_about_requests_that_are_too_old_or_of_nobody_has_no_verdict(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = captured(tmp_path / "in", LATER[:1000], SCHEDULED - timedelta(days=30))
    known = truth(tmp_path / "truth", *(f"order-{number},{','.join(['12.5'] * 10)}" for number in range(20)))
    printed = run(artifact, requests, tmp_path / "out", capsys, **known)
    assert printed[metric.ROWS_WITH_TRUTH] == 0
    assert not {metric.MEAN_SQUARED_ERROR, metric.INSUFFICIENT_QUALITY} & set(printed)
    assert (quality(tmp_path / "out")["verdict"], quality(tmp_path / "out")["unknown"]) == ("too few rows", 20)


@pytest.mark.parametrize("brought", [True, False], ids=["a placeholder alone", "no folder"])
def test_where_nobody_brings_truth_nothing_is_measured(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], brought: bool
) -> None:
    options: dict[str, str] = {}
    if brought:
        put(tmp_path / "truth", "placeholder", "Truth about requests lies here.")
        options = {"truth": str(tmp_path / "truth"), "truth-days": "28"}
    printed = run(artifact, captured(tmp_path / "in", LATER[:1000]), tmp_path / "out", capsys, **options)
    assert not {metric.ROWS_WITH_TRUTH, metric.MEAN_SQUARED_ERROR, metric.INSUFFICIENT_QUALITY} & set(printed)
    assert quality(tmp_path / "out")["verdict"] == "no truth"
    assert "Quality: no truth; requests of" in (tmp_path / "out" / "report.html").read_text()


def test_truth_that_cannot_be_read_is_kept_with_its_reason_and_the_rest_counts(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = truth(tmp_path / "truth", "order-0,high", *(f"order-{number},9.5" for number in range(1, 5)))
    run(artifact, captured(tmp_path / "in", LATER[:1000]), tmp_path / "out", capsys, **known)
    found = quality(tmp_path / "out")
    # Four requests had ten rows each.
    assert (found["unread"], found["mismatched"], found["rows"]) == (1, 4, 0)
    [kept] = [json.loads(text) for text in (tmp_path / "out" / "quarantine.jsonl").read_text().splitlines()]
    assert (kept["place"], kept["reason"]) == (
        "2026-11-28.csv:1",
        "the truth of row 1 is 'high', expected a number",
    )


def test_a_run_that_is_repeated_writes_the_same_bytes(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = captured(tmp_path / "in", LATER[:500])
    for name in ("one", "other"):
        run(artifact, requests, tmp_path / name, capsys)
    for file in ("drift.json", "quarantine.jsonl", "report.html"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


def test_an_artifact_without_statistics_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz"):
        pass
    with pytest.raises(BaselineError, match=r"has no baseline\.json: .*; train a new one"):
        watch.of_artifact(tmp_path / "model.tar.gz")
