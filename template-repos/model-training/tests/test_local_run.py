"""The whole pipeline, run on this machine with the same scripts as on SageMaker."""

import subprocess
import sys
from pathlib import Path

import inference
import job
import numpy as np
import pytest
from conftest import DATA_URI, SETTINGS, Finished, prepared_run

from mlops_platform import REPOSITORY
from mlops_platform.pipeline.local_run import StepFailedError


@pytest.fixture(scope="module")
def model_folder(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    job.unpack(finished.model, folder)
    return folder


def test_the_model_is_good_enough_and_registered_for_approval(finished: Finished) -> None:
    metrics = {name: metric["value"] for name, metric in finished.evaluation["regression_metrics"].items()}
    assert metrics["mse"] <= SETTINGS.quality.mse_threshold
    assert metrics["rmse"] == pytest.approx(metrics["mse"] ** 0.5)
    assert metrics["mae"] <= metrics["rmse"]
    assert metrics["r2"] == pytest.approx(1 - metrics["mse"] / finished.evaluation["baseline"]["mse"]["value"])
    (registered,) = finished.run.registered
    assert registered["ModelApprovalStatus"] == "PendingManualApproval"


def test_the_model_is_better_than_predicting_the_mean(finished: Finished) -> None:
    evaluation = finished.evaluation
    assert evaluation["regression_metrics"]["mse"]["value"] < evaluation["baseline"]["mse"]["value"]


def test_every_test_row_is_predicted_once_and_the_metrics_are_those_of_the_predictions(finished: Finished) -> None:
    heading, *lines = finished.predictions
    assert heading == "actual,predicted"
    assert len(lines) == len(finished.test_rows) == finished.evaluation["rows"]
    pairs = np.array([[float(value) for value in line.split(",")] for line in lines])
    assert pairs[:, 0].tolist() == [float(row.rpartition(",")[2]) for row in finished.test_rows]
    mse = float(((pairs[:, 0] - pairs[:, 1]) ** 2).mean())
    assert mse == pytest.approx(finished.evaluation["regression_metrics"]["mse"]["value"])


def test_the_model_contains_its_preprocessing_and_the_code_of_the_endpoint_and_no_pickle(model_folder: Path) -> None:
    files = sorted(file.relative_to(model_folder).as_posix() for file in model_folder.rglob("*") if file.is_file())
    assert files == ["code/features.py", "code/inference.py", "model.ubj", "preprocessing.json"]


def answer(model_folder: Path, request: str) -> str:
    data = inference.input_fn(request.encode(), "text/csv; charset=utf-8")
    return inference.output_fn(inference.predict_fn(data, inference.model_fn(str(model_folder))), "text/csv")


def test_the_endpoint_answers_raw_rows_as_the_evaluation_did_one_by_one(model_folder: Path, finished: Finished) -> None:
    for row, prediction in list(zip(finished.test_rows, finished.predictions[1:], strict=True))[:5]:
        raw = row.rpartition(",")[0]
        assert float(answer(model_folder, raw)) == pytest.approx(float(prediction.partition(",")[2]))


@pytest.mark.parametrize(
    ("request_body", "reason"),
    [("", "no row"), ("M,1,1\n", "row 1 has 3 values"), ("X,1,1,1,1,1,1,1\n", "sex is 'X'")],
)
def test_the_endpoint_says_what_is_wrong_with_a_request(model_folder: Path, request_body: str, reason: str) -> None:
    with pytest.raises(inference.RequestError, match=reason) as caught:
        answer(model_folder, request_body)
    assert caught.value.status_code == 400


def test_the_endpoint_refuses_everything_but_csv_with_the_status_codes_of_http() -> None:
    with pytest.raises(inference.RequestError, match="content type is 'application/x-npy'") as caught:
        inference.input_fn(b"", "application/x-npy")
    assert caught.value.status_code == 415
    with pytest.raises(inference.RequestError, match="accept is 'application/json'") as caught:
        inference.output_fn(np.array([1.0]), "application/json")
    assert caught.value.status_code == 406


def test_the_model_folder_alone_is_enough_to_predict(model_folder: Path) -> None:
    program = (
        "import inference, sys; model = inference.model_fn(sys.argv[1]);"
        "data = inference.input_fn('M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15', 'text/csv');"
        "sys.stdout.write(inference.output_fn(inference.predict_fn(data, model), '*/*'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(model_folder)],
        cwd=model_folder / "code",
        capture_output=True,
        text=True,
        check=True,
    )
    assert 4 < float(done.stdout) < 15


def test_a_step_that_fails_reports_its_reason(tmp_path: Path) -> None:
    run = prepared_run(tmp_path)
    broken = tmp_path / "broken.csv"
    broken.write_text("M,0.455,much\n")
    run.upload(broken, DATA_URI)
    with pytest.raises(StepFailedError, match="Preprocess: ValueError: row 1 has 3 values, expected 9"):
        run.run()


def test_a_model_above_the_threshold_fails_the_command_and_is_not_registered(finished: Finished) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "local-run", "--mse-threshold", "0.5"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    # The same data, settings and seed give the same model.
    assert f"| mse | {finished.evaluation['regression_metrics']['mse']['value']:.3f} |" in done.stdout
    assert "error: QualityTooLow: The mean squared error on the test rows is " in done.stderr
    assert "Register" not in done.stderr
