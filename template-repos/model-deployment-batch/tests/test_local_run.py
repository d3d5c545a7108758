"""The pipeline's definition, run on this machine with the packages of the image."""

import logging
from pathlib import Path

import pytest
from example_settings import EXAMPLE

from deployment import settings
from example.__main__ import SHOWN, SPOILT, main, score, show
from example.local_run import LocalBatch, day
from mlops_platform.pipeline.local_run import StepFailedError

WINDOW = "2026-11-28T02:00:00Z"


@pytest.fixture
def batch(artifact: Path, tmp_path: Path) -> LocalBatch:
    return LocalBatch(folder=tmp_path, model=artifact, settings=settings.read(EXAMPLE))


@pytest.mark.parametrize("option", ["--model", "--rows"])
def test_a_file_that_does_not_exist_is_refused_by_its_name(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(SystemExit, match="2"):
        main([option, str(missing)])
    assert capsys.readouterr().err.endswith(f"argument {option}: there is no file {missing}\n")


def test_a_window_is_scored_by_the_code_arguments_and_packages_of_the_job(batch: LocalBatch) -> None:
    manifest = batch.run(WINDOW, {"part-0.csv": day(0, 300) + SPOILT})
    assert manifest["rows"] == {"in": 305, "out": 300, "quarantined": 5}
    assert manifest["model_package_arn"].endswith("/1")
    [printed] = [line for line in batch.log().splitlines() if line.startswith("{")]
    assert '"Project": "p-example00000"' in printed
    first = (batch.output / "runs" / WINDOW / "manifest.json").read_bytes()
    batch.run(WINDOW, {"part-0.csv": day(0, 300) + SPOILT})
    assert (batch.output / "runs" / WINDOW / "manifest.json").read_bytes() == first
    assert len(list((batch.output / "results").iterdir())) == 1


def test_the_reason_of_a_failure_is_that_of_the_job(batch: LocalBatch) -> None:
    with pytest.raises(StepFailedError, match=f"^Score: RunError: the input of {WINDOW} has no row"):
        batch.run(WINDOW, {"part-0.csv": b"\n"})


def test_rows_that_cannot_be_scored_are_counted_by_reason_and_few_are_shown(
    batch: LocalBatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    unseen = b"X,0.4,0.3,0.1,0.5,0.2,0.1,0.1\n" * 7
    manifest = batch.run(WINDOW, {"part-0.csv": day(0, 300) + unseen + SPOILT})
    caplog.clear()
    show(batch, manifest)
    first, *lines = caplog.messages
    assert first.startswith(f"{WINDOW}  312 rows in, 300 out, 12 in quarantine; ")
    assert len([line for line in lines if line.startswith("{")]) == SHOWN
    assert "and 7 more rows; by reason:" in lines
    assert any(line.startswith("      8  sex is 'X', expected one of ") for line in lines)
    assert len(lines) <= 2 * SHOWN + 2


def test_rows_of_other_columns_fail_the_run_after_its_verdict_and_say_what_a_row_is(
    batch: LocalBatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rows = tmp_path / "mine.csv"
    rows.write_bytes(day(0, 300, change=lambda row: row[1:]))
    with pytest.raises(StepFailedError, match=r"^300 of 300 rows could not be scored: a row is CSV with the columns "):
        score(batch, [rows], kept=False)
    assert len(caplog.messages) < 20
    assert caplog.messages[-1] == "To keep the predictions and report.html: make local-run … FOLDER=results"


def test_a_run_that_is_kept_says_where_its_predictions_and_its_report_are(
    batch: LocalBatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rows = tmp_path / "mine.csv"
    rows.write_bytes(day(0, 300))
    score(batch, [rows], kept=True)
    predictions, report = (Path(line.partition(": ")[2]) for line in caplog.messages[-2:])
    assert len(predictions.read_text().splitlines()) == 300
    assert "<!doctype html>" in report.read_text()
