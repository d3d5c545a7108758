"""The pipeline's definition, run on this machine with the packages of the image."""

from pathlib import Path

import pytest
from example_settings import EXAMPLE

from deployment import settings
from example.__main__ import SPOILT, main
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
