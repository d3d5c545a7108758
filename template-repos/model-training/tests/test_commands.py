"""The commands that the workflow runs, with an AWS in memory."""

import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from examples import DATA, SETTINGS
from pipeline import feature_group, images, project, report, training_settings
from pipeline.__main__ import main
from pipeline.definition import FeatureGroup
from pipeline.feature_group import FeatureGroupError
from pipeline.this_machine import IMPORTED

from mlops_platform import REPOSITORY
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.local_run import LocalRun, StepFailedError
from mlops_platform.pipeline.testing.sagemaker import EXECUTION_ARN, FakeSageMaker
from mlops_platform.project import aws as aws_clients

pytestmark = pytest.mark.usefixtures("example_settings")

EVALUATION = {
    "regression_metrics": {"mse": {"value": 4.5}, "r2": {"value": 0.57}},
    "baseline": {"mse": {"value": 10.4}},
    "rows": 627,
    "data": {"source": "abalone.csv", "rows": 4177, "sha256": "b" * 64},
    "champion": {
        "version": "3",
        "mse": {"value": 4.8},
        "improvement": 0.0625,
        "outcome": "6.2% below the mean squared error of version 3",
    },
}
PACKAGE_ARN = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/example/1"


@dataclass
class FakeS3:
    """Holds the evaluation of one execution, and records what was put where nothing was."""

    keys: list[str] = field(default_factory=list[str])

    def get_paginator(self, _: str) -> "FakeS3":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{}]

    def put_object(self, *, Key: str, **_: Any) -> None:  # noqa: N803 - boto3's name
        self.keys.append(Key)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert (Bucket, Key) == ("example-bucket", "executions/abcdefghijkl/evaluation/evaluation.json")
        return {"Body": io.BytesIO(json.dumps(EVALUATION).encode())}


@dataclass(frozen=True)
class Aws:
    """The services that the commands talk to."""

    sagemaker: FakeSageMaker
    s3: FakeS3

    def client(self, service: str, region: str) -> Any:
        assert region == "eu-west-1"
        return {"sagemaker": self.sagemaker.client, "s3": self.s3}[service]


def example() -> project.Project:
    return project.EXAMPLE


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    fake = Aws(FakeSageMaker(), FakeS3())
    monkeypatch.setattr(aws_clients, "client", fake.client)
    monkeypatch.setattr(project, "read", example)
    for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_SHA", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return fake


def test_upsert_uploads_data_and_steps_before_the_pipeline_that_names_them_and_its_commit(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SHA", "abc")
    main(["upsert"])
    assert aws.sagemaker.operations == ["CreatePipeline"]
    assert sorted(key.rpartition("/")[2] for key in aws.s3.keys) == sorted(
        [
            DATA.name,
            *sorted(file.name for file in (REPOSITORY / "steps").glob("*.py")),
            "__init__.py",
            *(file.name for part in IMPORTED for file in (REPOSITORY / "mlops_platform" / part).glob("*.py")),
        ]
    )
    definition = aws.sagemaker.requests[-1][1]["PipelineDefinition"]
    assert "Made from commit abc by the pipeline definition with the SHA-256 " in definition
    for key in aws.s3.keys:
        assert f"s3://example-bucket/{'/'.join(key.split('/')[:2])}" in definition


def version(number: int, status: str = "PendingManualApproval", stage: str = "", *, evidence: bool = True) -> Json:
    """Return a registered version, as DescribeModelPackage does."""
    said = f"Made from commit abc by the pipeline definition with the SHA-256 {'d' * 64}."
    return {
        "ModelPackageArn": f"arn:aws:sagemaker:eu-west-1:111122223333:model-package/example/{number}",
        "ModelPackageVersion": number,
        "ModelPackageGroupName": "example-p-example00000",
        "ModelPackageStatus": "Completed",
        "CreationTime": 0,
        "ModelApprovalStatus": status,
        **({"ModelLifeCycle": {"Stage": stage, "StageStatus": "Serving"}} if stage else {}),
        **(
            {"ModelPackageDescription": f"{said} Its container has the SHA-256 {'c' * 64}, its artifact {'a' * 64}"}
            if evidence
            else {}
        ),
        "InferenceSpecification": {
            "Containers": [{"Image": "i", "ModelDataUrl": f"s3://example-bucket/{number}.tar.gz"}]
        },
    }


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ([], None),
        ([version(2), version(1, "Rejected")], None),
        ([version(3), version(2, "Approved"), version(1, "Approved")], 2),
        ([version(3, "Approved"), version(2, "Approved", "PreProduction"), version(1, "Approved", "Production")], 1),
        ([version(1, "Approved", evidence=False)], None),
    ],
    ids=["none", "none approved", "newest approved", "the one in production", "registered before there were digests"],
)
def test_the_version_to_beat_is_that_of_production_or_the_newest_approved(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, packages: list[Json], expected: int | None
) -> None:
    aws.sagemaker.packages = packages
    monkeypatch.setenv("GITHUB_SHA", "abc")
    main(["upsert"])
    definition = aws.sagemaker.requests[-1][1]["PipelineDefinition"]
    assert ("--champion-version" in definition) is (expected is not None)
    if expected is not None:
        assert f'"--champion-version", "{expected}", "--champion-sha256", "{"a" * 64}"' in definition
        assert f"s3://example-bucket/{expected}.tar.gz" in definition


def test_a_run_that_does_not_beat_the_champion_succeeds_and_says_that_nothing_was_registered(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.sagemaker.executions = [{"PipelineExecutionArn": EXECUTION_ARN, "PipelineExecutionStatus": "Succeeded"}]
    aws.sagemaker.steps = [
        {"StepName": "BeatsTheChampion", "StepStatus": "Succeeded", "Metadata": {"Condition": {"Outcome": "False"}}}
    ]
    main(["wait", EXECUTION_ARN])
    said = f"settings.toml asks for {SETTINGS.quality.least_improvement:.1%} less error than the champion has"
    assert f"Nothing was registered: {said}" in capsys.readouterr().out


def test_the_pipeline_is_not_updated_without_a_commit_that_it_could_name(aws: Aws) -> None:
    with pytest.raises(
        SystemExit, match=r"error: GITHUB_SHA is not set: .* merge a pull request into main, or start that workflow"
    ):
        main(["upsert"])
    assert (aws.sagemaker.requests, aws.s3.keys) == ([], [])


GROUP = FeatureGroup(
    name="p-example00000-abalone",
    records_uri="s3://example-bucket/features/abalone/data/",
    record_identifier="shell_id",
    event_time="measured_at",
    as_of="2026-11-30T12:00:00+00:00",
)


def in_place_of_settings(monkeypatch: pytest.MonkeyPatch, settings: training_settings.TrainingSettings) -> None:
    """Let the commands read other settings."""

    def read(_: Path) -> training_settings.TrainingSettings:
        return settings

    monkeypatch.setattr(training_settings, "read", read)


@pytest.fixture
def from_a_group(example_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of a repository whose main trains from a feature group."""
    source = training_settings.Source(feature_group=GROUP.name)
    in_place_of_settings(monkeypatch, replace(SETTINGS, source=source))


@pytest.mark.usefixtures("from_a_group")
def test_main_trains_from_its_feature_group_and_a_pull_request_from_a_sample_of_the_file(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(_sagemaker: object, _s3: object, owner: project.Project, name: str) -> FeatureGroup:
        assert (owner, name) == (project.EXAMPLE, GROUP.name)
        return GROUP

    monkeypatch.setattr(feature_group, "find", find)
    monkeypatch.setenv("GITHUB_SHA", "abc")
    aws.sagemaker.executions = [{"PipelineExecutionArn": EXECUTION_ARN, "PipelineExecutionStatus": "Succeeded"}]
    main(["upsert"])
    main(["trial", "7"])
    of_main, of_trial = (
        request["PipelineDefinition"] for _, request in aws.sagemaker.requests if "PipelineDefinition" in request
    )
    assert GROUP.records_uri in of_main
    assert f'"--as-of", "{GROUP.as_of}"' in of_main
    assert "feature" not in of_trial


@pytest.mark.usefixtures("from_a_group")
def test_a_feature_group_that_cannot_be_read_is_refused_before_anything_is_created(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(*_: object) -> FeatureGroup:
        raise FeatureGroupError("it has no offline store")

    monkeypatch.setattr(feature_group, "find", find)
    monkeypatch.setenv("GITHUB_SHA", "abc")
    with pytest.raises(SystemExit, match="error: it has no offline store"):
        main(["upsert"])
    assert (aws.sagemaker.requests, aws.s3.keys) == ([], [])


def test_a_downloaded_offline_store_is_not_read_without_knowing_how() -> None:
    with pytest.raises(SystemExit, match="error: --features needs --record-identifier and --event-time"):
        main(["local-run", "--features", "data", "--event-time", "measured_at"])


def test_a_trial_uploads_below_its_own_folder_makes_a_pipeline_of_its_own_and_follows_it(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.sagemaker.executions = [{"PipelineExecutionArn": EXECUTION_ARN, "PipelineExecutionStatus": "Succeeded"}]
    aws.sagemaker.steps = [{"StepName": "Train", "StepStatus": "Succeeded", "StartTime": 0.0, "EndTime": 61.5}]
    main(["trial", "7"])
    assert aws.sagemaker.operations == ["CreatePipeline", "StartPipelineExecution"]
    assert {key.rpartition("/")[0].partition("/")[0] for key in aws.s3.keys} == {"trials"}
    assert any(key.startswith("trials/7/data/") and key.endswith(DATA.name) for key in aws.s3.keys)
    created = next(arguments for name, arguments in aws.sagemaker.requests if name == "CreatePipeline")
    assert created["PipelineName"] == f"pull-request-7-{project.EXAMPLE.id}-trial"
    assert created["RoleArn"] == project.EXAMPLE.trial_pipeline_role_arn
    assert {"Key": "mlops:trial", "Value": "true"} in created["Tags"]
    assert "RegisterModel" not in created["PipelineDefinition"]
    assert "| Train | Succeeded | 61.5 |" in capsys.readouterr().out


def test_a_trial_is_removed_and_one_that_is_gone_is_no_error(aws: Aws) -> None:
    main(["remove-trial", "7"])
    assert aws.sagemaker.operations == []
    aws.sagemaker.pipeline = {}
    main(["remove-trial", "7"])
    assert aws.sagemaker.operations == ["DeletePipeline"]
    assert aws.sagemaker.requests[-1][1]["PipelineName"] == f"pull-request-7-{project.EXAMPLE.id}-trial"


def test_start_prints_the_execution_and_says_nothing_that_the_pipeline_does_not(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_SHA": "abc"}.items():
        monkeypatch.setenv(name, value)
    main(["start"])
    main(["start"])
    assert capsys.readouterr().out == f"{EXECUTION_ARN}\n" * 2
    first, second = (arguments for _, arguments in aws.sagemaker.requests)
    assert first == second
    assert first["PipelineExecutionDisplayName"] == "run-7-2"
    assert set(first) == {"PipelineName", "PipelineExecutionDisplayName", "ClientRequestToken"}


def test_started_by_hand_every_start_is_a_new_execution(aws: Aws) -> None:
    main(["start"])
    main(["start"])
    first, second = (arguments["ClientRequestToken"] for _, arguments in aws.sagemaker.requests)
    assert first != second


def test_wait_reports_quality_steps_and_the_registered_model(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    aws.sagemaker.executions = [{"PipelineExecutionArn": EXECUTION_ARN, "PipelineExecutionStatus": "Succeeded"}]
    aws.sagemaker.steps = [
        {"StepName": "Evaluate", "StepStatus": "Succeeded", "StartTime": 0.0, "EndTime": 61.5},
        {"StepName": "Register", "StepStatus": "Succeeded", "Metadata": {"RegisterModel": {"Arn": PACKAGE_ARN}}},
    ]
    main(["wait", EXECUTION_ARN])
    text = summary.read_text()
    assert text == capsys.readouterr().out
    for line in (
        "Quality on 627 rows that training has not seen:",
        f"| mse | 4.500 | {report.UNITS['mse']} |",
        f"| mse of always predicting the mean | 10.400 | {report.UNITS['mse']} |",
        f"| mse of version 3 on the same rows | 4.800 | {report.UNITS['mse']} |",
        "Data: 4177 rows of abalone.csv.",
        "Champion: 6.2% below the mean squared error of version 3.",
        f"| mse allowed | {SETTINGS.quality.mse_threshold:.3f} | {report.UNITS['mse']} |",
        "| Evaluate | Succeeded | 61.5 |",
        f"Registered, waiting for approval: `{PACKAGE_ARN}`",
    ):
        assert line in text.splitlines()


def test_wait_fails_with_the_reason_of_the_step_and_still_reports(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.sagemaker.executions = [{"PipelineExecutionArn": EXECUTION_ARN, "PipelineExecutionStatus": "Failed"}]
    aws.sagemaker.steps = [{"StepName": "Train", "StepStatus": "Failed", "FailureReason": "no such column"}]
    with pytest.raises(SystemExit, match="error: the execution ended as Failed\nTrain: no such column"):
        main(["wait", EXECUTION_ARN])
    assert "**Train**: no such column" in capsys.readouterr().out


def test_a_refusal_of_aws_is_one_line_that_names_the_operation(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> tuple[int, dict[str, str]]:
        return 400, {"__type": "AccessDeniedException", "message": "not authorized"}

    monkeypatch.setattr(aws.sagemaker, "start_pipeline_execution", refuse)
    with pytest.raises(SystemExit, match=r"^error: .*StartPipelineExecution operation: not authorized$"):
        main(["start"])


def test_the_definition_can_be_printed_without_a_project(capsys: pytest.CaptureFixture[str]) -> None:
    main(["definition"])
    assert json.loads(capsys.readouterr().out)["Version"] == "2020-12-01"


def test_a_local_run_installs_the_packages_of_every_image_before_its_first_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def stop(_: LocalRun) -> None:
        done.append("the steps")
        raise StepFailedError("stopped")

    monkeypatch.setattr(images, "interpreter", done.append)
    monkeypatch.setattr(LocalRun, "run", stop)
    with pytest.raises(SystemExit, match="error: stopped"):
        main(["local-run"])
    assert done == [*images.GROUPS, "the steps"]


def test_a_local_run_refuses_what_sagemaker_would_before_it_installs_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = replace(SETTINGS, hyperparameters={**SETTINGS.hyperparameters, "note": "x" * 2501})
    in_place_of_settings(monkeypatch, noted)
    monkeypatch.setattr(images, "interpreter", pytest.fail)
    with pytest.raises(SystemExit, match=r"^error: Train: HyperParameters\.note has 2501 characters"):
        main(["local-run"])


@pytest.mark.parametrize("command", ["definition", "local-run", "upsert"])
def test_a_file_of_data_that_is_not_there_is_refused_in_one_line(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("GITHUB_SHA", "abc")
    in_place_of_settings(monkeypatch, replace(SETTINGS, data=replace(SETTINGS.data, file="data/other.csv")))
    refusal = r"^error: settings\.toml:\n  \[data\] file is 'data/other\.csv', and this repository has no such file$"
    with pytest.raises(SystemExit, match=refusal):
        main([command])
    assert (aws.sagemaker.operations, aws.s3.keys) == ([], [])


def test_without_a_project_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "FILE", tmp_path / "project.toml")
    with pytest.raises(SystemExit, match=r"error: project\.toml is missing: launch a project from this template"):
        main(["upsert"])
