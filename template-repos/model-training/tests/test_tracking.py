"""The record of executions in MLflow, with an AWS and an MLflow in memory."""

import io
import json
import os
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from examples import SETTINGS
from pipeline import project, tracking, training_settings
from pipeline.__main__ import main

from mlops_platform import REPOSITORY
from mlops_platform.pipeline.testing.sagemaker import EXECUTION_ARN, FakeSageMaker
from mlops_platform.project import aws as aws_clients

pytestmark = pytest.mark.usefixtures("example_settings")
VERSION = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/example/4"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OWNER = project.EXAMPLE
ON, OFF = (replace(SETTINGS, tracking=training_settings.Tracking(mlflow=mlflow)) for mlflow in (True, False))
EVALUATION = {
    "regression_metrics": {"mse": {"value": 4.5}, "r2": {"value": 0.57}},
    "baseline": {"mse": {"value": 10.4}},
    "rows": 627,
    "champion": {"version": "3", "mse": {"value": 5.0}, "improvement": 0.1, "outcome": "10.0% below"},
}


class FakeS3:
    """Holds the evaluation of the execution."""

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert (Bucket, Key) == ("example-bucket", "executions/abcdefghijkl/evaluation/evaluation.json")
        return {"Body": io.BytesIO(json.dumps(EVALUATION).encode())}


@dataclass
class FakeMlflow:
    """A client of MLflow: holds experiments and runs, and refuses what MLflow refuses."""

    experiments: list[str] = field(default_factory=list[str])
    runs: list[SimpleNamespace] = field(default_factory=list[SimpleNamespace])
    failing: set[str] = field(default_factory=set[str])
    """Operations that fail, once each."""

    def _may_fail(self, operation: str) -> None:
        if operation in self.failing:
            self.failing.remove(operation)
            raise ConnectionError("no answer")

    def get_experiment_by_name(self, name: str) -> SimpleNamespace | None:
        return SimpleNamespace(experiment_id=name) if name in self.experiments else None

    def create_experiment(self, name: str) -> str:
        assert name not in self.experiments
        self.experiments.append(name)
        return name

    def search_runs(self, experiment_ids: list[str], filter_string: str) -> list[SimpleNamespace]:
        assert set(experiment_ids) <= set(self.experiments)
        return [
            run for run in self.runs if filter_string == f"tags.{tracking.EXECUTION} = '{run.tags[tracking.EXECUTION]}'"
        ]

    def create_run(
        self, experiment_id: str, *, start_time: int, tags: dict[str, str], run_name: str
    ) -> SimpleNamespace:
        assert experiment_id in self.experiments
        info = SimpleNamespace(
            run_id=f"run-{len(self.runs)}", status="RUNNING", start_time=start_time, run_name=run_name
        )
        self.runs.append(SimpleNamespace(info=info, tags=tags, metrics=dict[str, float](), parameters=dict[str, str]()))
        return self.runs[-1]

    def log_batch(self, run_id: str, *, metrics: list[Any], params: list[Any]) -> None:
        self._may_fail("log_batch")
        [run] = [each for each in self.runs if each.info.run_id == run_id]
        run.metrics.update({each[0]: each[1] for each in metrics})
        given = dict(params)
        assert all(
            given.get(name, value) == value for name, value in run.parameters.items()
        )  # a parameter never changes
        run.parameters.update(given)

    def set_terminated(self, run_id: str, *, status: str, end_time: int) -> None:
        self._may_fail("set_terminated")
        [run] = [each for each in self.runs if each.info.run_id == run_id]
        assert status in ("FINISHED", "FAILED", "KILLED")
        run.info.status, run.info.end_time = status, end_time


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> FakeSageMaker:
    """An execution of the pipeline of this repository that has succeeded."""
    fake = FakeSageMaker()
    with monkeypatch.context() as upserting:
        upserting.setattr(aws_clients, "client", _clients(fake))
        upserting.setattr(project, "read", lambda: OWNER)
        upserting.setenv("GITHUB_SHA", COMMIT)
        main(["upsert"])
    fake.executions = [
        {
            "PipelineExecutionArn": EXECUTION_ARN,
            "PipelineExecutionDisplayName": "run-7-1",
            "PipelineExecutionStatus": "Succeeded",
            "CreationTime": 100.0,
            "LastModifiedTime": 400.0,
        }
    ]
    fake.steps = [
        {"StepName": "Evaluate", "StepStatus": "Succeeded", "StartTime": 200.0, "EndTime": 261.5},
        {
            "StepName": "CheckQuality",
            "StepStatus": "Succeeded",
            "StartTime": 262.0,
            "EndTime": 263.0,
            "Metadata": {"Condition": {"Outcome": "True"}},
        },
        {"StepName": "Register", "StepStatus": "Succeeded", "Metadata": {"RegisterModel": {"Arn": VERSION}}},
    ]
    monkeypatch.setattr(aws_clients, "client", _clients(fake))
    monkeypatch.setattr(project, "read", lambda: OWNER)
    monkeypatch.setattr(training_settings, "read", _read_on)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return fake


def _read_on(_: Path) -> training_settings.TrainingSettings:
    return ON


def _read_off(_: Path) -> training_settings.TrainingSettings:
    return OFF


def _clients(fake: FakeSageMaker) -> Any:
    class Uploads(FakeS3):
        def get_paginator(self, _: str) -> "Uploads":
            return self

        def paginate(self, **_: str) -> list[dict[str, Any]]:
            return [{}]

        def put_object(self, **_: Any) -> None:
            pass

    def client(service: str, region: str) -> Any:
        assert region == OWNER.region
        return {"sagemaker": fake.client, "s3": Uploads()}[service]

    return client


def _entity(*values: Any) -> tuple[Any, ...]:
    return values


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> FakeMlflow:
    """MLflow as if it were installed."""
    fake, library, entities = FakeMlflow(), ModuleType("mlflow"), ModuleType("mlflow.entities")

    def set_tracking_uri(uri: str) -> None:
        assert uri == OWNER.mlflow_app_arn
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"

    for name, value in {"set_tracking_uri": set_tracking_uri, "MlflowClient": lambda: fake}.items():
        setattr(library, name, value)
    for name in ("Metric", "Param"):
        setattr(entities, name, _entity)
    for name in tracking.CLIENT:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, tracking.CLIENT[name])
    for name, module in {"mlflow": library, "mlflow.entities": entities, "sagemaker_mlflow": ModuleType("s")}.items():
        monkeypatch.setitem(sys.modules, name, module)
    return fake


def record() -> None:
    main(["record", EXECUTION_ARN])


def test_a_run_has_parameters_and_commit_of_the_definition_and_metrics_of_the_evaluation(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, capsys: pytest.CaptureFixture[str]
) -> None:
    record()
    [run] = mlflow.runs
    assert mlflow.experiments == [OWNER.pipeline_name]
    assert run.info == SimpleNamespace(
        run_id="run-0", status="FINISHED", start_time=100_000, end_time=400_000, run_name="run-7-1"
    )
    assert run.tags == {
        "pipeline_execution_arn": EXECUTION_ARN,
        "mlflow.source.git.commit": COMMIT,
        "champion_version": "3",
        "model_package_arn": VERSION,
        "model_package_version": "4",
    }
    assert run.metrics == {
        "mse": 4.5,
        "r2": 0.57,
        "mse_of_the_mean": 10.4,
        "test_rows": 627,
        "champion_mse": 5.0,
        "improvement": 0.1,
        "seconds.Evaluate": 61.5,
    }
    expected = {name: str(value) for name, value in SETTINGS.hyperparameters.items()} | {
        "data.seed": str(SETTINGS.data.seed),
        "data.test_fraction": str(SETTINGS.data.test_fraction),
        "jobs.training_instance_type": SETTINGS.jobs.training_instance_type,
        "quality.mse_threshold": str(SETTINGS.quality.mse_threshold),
        "quality.least_improvement": str(SETTINGS.quality.least_improvement),
    }
    assert {name: run.parameters[name] for name in expected} == expected
    assert run.parameters["data.uri"].startswith("s3://example-bucket/data/")
    assert f"Recorded in MLflow: experiment `{OWNER.pipeline_name}`, run `run-7-1`" in capsys.readouterr().out


def test_an_execution_is_one_run_however_often_it_is_recorded(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, capsys: pytest.CaptureFixture[str]
) -> None:
    record()
    record()
    assert len(mlflow.runs) == 1
    assert "Recorded before in MLflow" in capsys.readouterr().out


@pytest.mark.parametrize("operation", ["log_batch", "set_terminated"])
def test_what_was_interrupted_is_completed_in_the_same_run(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow, operation: str
) -> None:
    mlflow.failing = {operation}
    with pytest.raises(SystemExit):
        record()
    assert [run.info.status for run in mlflow.runs] == ["RUNNING"]
    record()
    [run] = mlflow.runs
    assert (run.info.status, run.metrics["mse"]) == ("FINISHED", 4.5)


def test_a_failed_execution_is_recorded_without_what_it_did_not_reach(
    sagemaker: FakeSageMaker, mlflow: FakeMlflow
) -> None:
    sagemaker.executions[0]["PipelineExecutionStatus"] = "Failed"
    sagemaker.steps = [{"StepName": "Train", "StepStatus": "Failed", "StartTime": 1.0, "EndTime": 3.0}]
    record()
    [run] = mlflow.runs
    assert run.info.status == "FAILED"
    assert run.metrics == {"seconds.Train": 2.0}
    assert set(run.tags) == {"pipeline_execution_arn", "mlflow.source.git.commit"}


def test_the_first_model_has_no_champion_to_compare_with() -> None:
    evaluation = {**EVALUATION, "champion": {"version": "none", "improvement": 1.0, "outcome": "none"}}
    assert not {"champion_mse", "improvement"} & set(tracking.metrics(evaluation))


def test_an_mlflow_that_does_not_answer_is_a_warning_in_the_summary(
    sagemaker: FakeSageMaker,
    mlflow: FakeMlflow,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    mlflow.failing = {"log_batch"}
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    with pytest.raises(
        SystemExit, match=r"^error: not recorded in MLflow: ConnectionError: no answer; to try again: make record"
    ):
        record()
    said = (tmp_path / "summary.md").read_text()
    assert "**Not recorded in MLflow**; the model is not affected. ConnectionError: no answer" in said
    assert f'make record EXECUTION="{EXECUTION_ARN}"' in said
    # The run is green, and says once what is missing.
    assert "Failed" not in said
    assert said.count("no answer") == 1


def test_an_execution_that_runs_is_not_recorded(sagemaker: FakeSageMaker, mlflow: FakeMlflow) -> None:
    sagemaker.executions[0]["PipelineExecutionStatus"] = "Executing"
    with pytest.raises(SystemExit, match="the execution is Executing: record it when it has ended"):
        record()
    assert mlflow.runs == []


def test_nothing_is_recorded_with_the_setting_off(sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_settings, "read", _read_off)
    with pytest.raises(SystemExit, match=r"\[tracking\] mlflow is false, so nothing is recorded"):
        record()


@pytest.mark.parametrize("command", [["upsert"], ["record", EXECUTION_ARN]])
def test_a_project_without_an_app_is_told_before_anything_is_sent(
    sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    before = list(sagemaker.requests)
    monkeypatch.setattr(project, "read", lambda: replace(OWNER, mlflow_app_arn=""))
    monkeypatch.setenv("GITHUB_SHA", COMMIT)
    with pytest.raises(
        SystemExit, match=r"mlflow is true, and project\.toml names no MLflow app: set it to false, or ask"
    ):
        main(command)
    assert sagemaker.requests == before


def test_without_its_packages_the_command_that_has_them_is_named(
    sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(SystemExit, match="mlflow is not installed: run this by `make record`"):
        record()


def test_times_are_those_of_the_execution_in_milliseconds(sagemaker: FakeSageMaker) -> None:
    run = tracking.read(OWNER, EXECUTION_ARN)
    assert datetime.fromtimestamp(run.ended / 1000, UTC) == datetime(1970, 1, 1, 0, 6, 40, tzinfo=UTC)


def test_the_workflow_installs_mlflow_for_the_record_alone_and_only_with_the_setting_on() -> None:
    workflow = (REPOSITORY / ".github" / "workflows" / "train.yml").read_text()
    [step] = [part for part in workflow.split("      - name: ") if "mlflow python" in part]
    assert step.startswith("Record the run in MLflow\n")
    assert "needs.project.outputs.mlflow == 'true'" in step
    assert "continue-on-error: true" in step
    assert workflow.count("--group") == 1
