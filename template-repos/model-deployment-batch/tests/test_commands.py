"""The commands that the workflows run, with an AWS and an engine in memory."""

import json
import math
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from example_settings import EXAMPLE
from fake_aws import GOOD_ROW, NAMES, PREPROD, Aws
from test_definition import CONTAINER

import deployment.deploy
from batch.definition import Batch, definition
from batch.window import scheduled
from deployment import runs, settings
from deployment.__main__ import main
from deployment.deploy import PROGRAM
from deployment.smoke import ROWS
from mlops_platform.release import DeploymentError, known_rows
from mlops_platform.release.testing.engine import FakeEngine
from mlops_platform.release.testing.example import PROJECT
from mlops_platform.release.version import Version
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.live import GROUP, PIPELINE, SCHEDULE
from mlops_platform.scheduled.schedule import request

pytestmark = pytest.mark.usefixtures("example_settings")

SETTINGS = settings.read(EXAMPLE)
NAME = NAMES.pipeline
FOLDER = f"s3://{PREPROD.artifacts_bucket}/p-abcdefghijkl/batch"


@dataclass
class Engine(FakeEngine):
    """An engine whose updates make what the program declares for the version in the configuration."""

    aws: Aws = field(default_factory=Aws)
    forgets: bool = False
    """The update changes nothing, and the engine reports success."""
    state_of_the_schedule: str = "ENABLED"

    def update(self) -> None:
        if self.exit_code or self.forgets:
            return
        given = self.configuration()
        wanted = definition(
            Batch(
                names=NAMES,
                version=Version(**given["model"]),
                container=Container(**given["container"]),
                plan=SETTINGS.plans["preprod"],
                settings=SETTINGS,
                kms_key_arn="arn:aws:kms:eu-west-1:222222222222:key/1",
                code_uri=given["code"],
            )
        )
        text = json.dumps(wanted, sort_keys=True)
        self.aws.sagemaker.pipeline = {"PipelineName": NAME, "PipelineDefinition": text}
        self.aws.scheduler.group = True
        self.aws.scheduler.schedule = {
            "State": self.state_of_the_schedule,
            "Target": {"Input": request(NAMES, NAME, scheduled(NAMES, SETTINGS.input))},
            "ScheduleExpression": "cron(0 2 * * ? *)",
            "ScheduleExpressionTimezone": "UTC",
        }
        self.outputs = {"pipelineDefinition": text}

    def destroy(self) -> None:
        if not self.exit_code and self.state["deployment"]["resources"]:
            self.aws.sagemaker.pipeline = None
            self.aws.scheduler.group, self.aws.scheduler.schedule = False, None


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    fake = Aws()
    fake.approve(1, 2, 3)
    fake.install(monkeypatch)
    for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"):
        monkeypatch.delenv(name, raising=False)
    return fake


@pytest.fixture
def engine(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    fake = Engine(program=PROGRAM, folder=tmp_path, aws=aws)
    monkeypatch.setattr(deployment.deploy, "REPOSITORY", tmp_path)
    monkeypatch.setattr(subprocess, "run", fake.run)
    return fake


def deploy(version: int) -> None:
    main(["deploy", "preprod", PROJECT.package_arn(version)])


def test_the_first_deployment_creates_the_stack_and_reports_the_version(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    deploy(1)
    assert [call[0] for call in engine.calls] == ["stack", "stack", "up", "stack"]
    text = summary.read_text()
    assert "## preprod scores with version 1" in text
    assert "| version before | none |" in text
    deploy(2)
    assert f"| version before | `{PROJECT.package_arn(1)}` |" in summary.read_text()


def test_a_machine_that_the_account_does_not_allow_is_refused_before_anything_is_changed(
    engine: Engine, aws: Aws
) -> None:
    aws.ssm.instance_types = "ml.c5.xlarge"
    with pytest.raises(
        SystemExit, match=r"ml\.m5\.large in settings\.toml is none that preprod's account allows batches"
    ):
        deploy(1)
    assert (engine.calls, aws.release.asked, aws.objects.written) == ([], [], [])


def test_the_program_gets_the_released_version_its_container_and_the_code(engine: Engine) -> None:
    deploy(2)
    configuration = engine.configuration()
    assert configuration["modelPackageArn"] == configuration["model"]["package_arn"] == PROJECT.package_arn(2)
    uri = f"s3://{PREPROD.artifacts_bucket}/approved/{PROJECT.id}/2/model.tar.gz"
    assert (configuration["model"]["artifact_uri"], configuration["model"]["sha256"]) == (uri, f"{2:064x}")
    assert configuration["container"] == CONTAINER.configuration()
    assert configuration["code"].startswith(f"{FOLDER}/code/")


def test_the_code_of_the_job_is_uploaded_once_with_what_it_imports(aws: Aws, engine: Engine) -> None:
    deploy(1)
    folder = engine.configuration()["code"].removeprefix(f"s3://{PREPROD.artifacts_bucket}/")
    names = {key.removeprefix(f"{folder}/") for key in aws.objects.written}
    assert names >= {
        *("run.py", "scoring/model.py", "scoring/objects.py"),
        *("mlops_platform/__init__.py", "mlops_platform/job/__init__.py", "mlops_platform/monitoring/drift.py"),
    }
    assert not [name for name in names if name.startswith(("mlops_platform/release", "deployment", "tests"))]
    count = len(aws.objects.written)
    deploy(2)
    assert len(aws.objects.written) == count


def test_a_version_that_is_not_released_changes_nothing(aws: Aws, engine: Engine) -> None:
    aws.release.versions[2] = f"{PROJECT.package_arn(2)} is Rejected, not Approved"
    with pytest.raises(SystemExit, match="/2 is Rejected, not Approved"):
        deploy(2)
    assert (engine.calls, aws.objects.written) == ([], [])


def test_a_failed_update_fails_the_command(engine: Engine) -> None:
    engine.exit_code = 255
    with pytest.raises(SystemExit, match="error: pulumi up failed in preprod"):
        deploy(1)


def test_a_pipeline_that_names_another_version_in_the_end_fails_the_command(engine: Engine) -> None:
    deploy(1)
    engine.outputs["pipelineDefinition"] = engine.outputs["pipelineDefinition"].replace("/1", "/2")
    engine.forgets = True
    with pytest.raises(SystemExit, match=f"preprod does not run this version: {NAME} has another definition"):
        deploy(2)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (None, f"preprod starts nothing: the schedule {NAME} is missing"),
        ({"State": "DISABLED"}, f"preprod starts nothing: the schedule {NAME} is DISABLED"),
        (
            {"State": "ENABLED", "Target": {"Input": '{"PipelineName": "other"}'}},
            f"preprod starts another pipeline than {NAME}",
        ),
    ],
)
def test_a_schedule_that_starts_nothing_or_something_else_fails_the_command(
    aws: Aws, engine: Engine, schedule: dict[str, Any] | None, said: str
) -> None:
    deploy(1)
    engine.forgets, aws.scheduler.schedule = True, schedule
    with pytest.raises(SystemExit, match=said):
        deploy(1)


def without_times() -> settings.Settings:
    """Return settings by which runs are started by hand alone."""
    plans = {name: replace(plan, schedule="") for name, plan in SETTINGS.plans.items()}
    return replace(SETTINGS, plans=plans)


def test_a_batch_without_times_is_deployed_and_says_that_it_runs_by_hand(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.state_of_the_schedule = "DISABLED"
    deployment.deploy.deploy(PROJECT, PREPROD, without_times(), PROJECT.package_arn(1))
    assert "| runs | by hand |" in capsys.readouterr().out
    runs.status(PROJECT, PREPROD, without_times(), [])
    assert "| schedule | none: runs are started by hand |" in capsys.readouterr().out


def test_a_schedule_that_starts_runs_though_the_settings_have_no_times_fails_the_deployment(engine: Engine) -> None:
    with pytest.raises(DeploymentError, match=f"preprod is to start nothing, and the schedule {NAME} is ENABLED"):
        deployment.deploy.deploy(PROJECT, PREPROD, without_times(), PROJECT.package_arn(1))


def test_what_a_killed_run_was_creating_is_adopted_if_it_is_there(aws: Aws, engine: Engine) -> None:
    deploy(1)
    engine.calls.clear()
    parent = f"urn:pulumi:preprod::{PROGRAM}::mlops:index:Batch::batch"
    provider = f"urn:pulumi:preprod::{PROGRAM}::pulumi:providers:aws::aws::0123-id"
    names = {PIPELINE: "pipeline", GROUP: "group", SCHEDULE: "schedule"}
    engine.state["deployment"]["pending_operations"] = [
        {
            "type": "creating",
            "resource": {
                "urn": f"urn:pulumi:preprod::{PROGRAM}::mlops:index:Batch${kind}::{name}",
                "type": kind,
                "custom": True,
                "parent": parent,
                "provider": provider,
            },
        }
        for kind, name in names.items()
    ]
    aws.scheduler.schedule = None
    deploy(1)
    assert [call[1:4] for call in engine.commands("import")] == [[PIPELINE, "pipeline", NAME], [GROUP, "group", NAME]]


def test_a_retired_batch_starts_nothing_and_can_be_deployed_again(
    aws: Aws, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    engine.state["deployment"]["resources"] = [{"type": PIPELINE, "urn": "urn"}]
    main(["retire", "preprod"])
    assert (aws.sagemaker.pipeline, aws.scheduler.schedule) == (None, None)
    assert "preprod scores nothing any more" in capsys.readouterr().out
    deploy(2)
    assert aws.sagemaker.pipeline


def test_a_batch_that_the_state_does_not_know_is_no_retired_one(engine: Engine) -> None:
    deploy(1)
    with pytest.raises(SystemExit, match=f"preprod still has {NAME}, {NAME}, {NAME}/{NAME}, which the state does not"):
        main(["retire", "preprod"])


def test_a_window_is_run_now_and_its_summary_says_what_it_cost(
    aws: Aws, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    aws.receive("2026-11-28T02:00:00Z")
    capsys.readouterr()
    main(["run", "preprod", "2026-11-28T02:00:00Z"])
    assert aws.sagemaker.started == [
        {"Area": "output", "Input": f"{FOLDER}/input/daily/2026-11-28T02:00:00Z/", "Window": "2026-11-28T02:00:00Z"}
    ]
    price = math.ceil(1000 * 360 / 3600 * SETTINGS.plans["preprod"].usd_per_hour) / 1000
    said = capsys.readouterr().out
    assert f"| 2026-11-28T02:00:00Z | 1 | 1 | 0 | too few rows | 6.0 | {price:.3f} |" in said


def test_a_window_without_input_is_not_started(aws: Aws, engine: Engine) -> None:
    deploy(1)
    aws.receive("2026-11-27")
    with pytest.raises(SystemExit, match=r"2026-11-28 has no input below .*/input/daily/; the newest is 2026-11-27"):
        main(["run", "preprod", "2026-11-28"])
    assert aws.sagemaker.started == []


def test_the_reason_of_a_run_that_failed_is_told(aws: Aws, engine: Engine) -> None:
    deploy(1)
    aws.receive("2026-11-28")
    aws.sagemaker.executions = [{"PipelineExecutionStatus": "Failed", "FailureReason": "no capacity"}]
    with pytest.raises(SystemExit, match="error: 2026-11-28: the execution ended as Failed\nno capacity"):
        main(["run", "preprod", "2026-11-28"])


def started(aws: Aws) -> list[str]:
    return [each["Window"] for each in aws.sagemaker.started]


WINDOWS = [f"2026-11-{day}T02:00:00Z" for day in (25, 26, 27, 28)]


def test_a_backfill_scores_the_windows_of_its_period_in_their_order(aws: Aws, engine: Engine) -> None:
    deploy(1)
    aws.receive(*reversed(WINDOWS))
    main(["backfill", "preprod", "2026-11-26", "2026-11-27"])
    assert started(aws) == WINDOWS[1:3]


def test_a_backfill_goes_on_where_it_was_interrupted_and_scores_again_what_another_version_did(
    aws: Aws, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    aws.receive(*WINDOWS)
    main(["run", "preprod", WINDOWS[1]])
    main(["backfill", "preprod", "2026-11-25", "2026-11-28"])
    assert started(aws) == [WINDOWS[1], WINDOWS[0], *WINDOWS[2:]]
    assert "preprod: 3 of 4 windows, 1 were scored before" in capsys.readouterr().out
    deploy(2)
    main(["backfill", "preprod", "2026-11-28", "2026-11-28"])
    assert started(aws)[4:] == WINDOWS[3:]


def test_a_backfill_ends_when_another_version_is_deployed_meanwhile_and_the_next_scores_all_windows_with_that(
    aws: Aws, engine: Engine
) -> None:
    deploy(1)
    aws.receive(*WINDOWS)

    def deploys(_: str) -> str:
        if started(aws) == WINDOWS[:2]:
            deploy(2)
        return "10.0"

    aws.sagemaker.answer = deploys
    said = f"{WINDOWS[1]} was scored by {PROJECT.package_arn(2)}, which was deployed meanwhile: run this again"
    with pytest.raises(SystemExit, match=said):
        main(["backfill", "preprod", "2026-11-25", "2026-11-28"])
    assert started(aws) == WINDOWS[:2]
    main(["backfill", "preprod", "2026-11-25", "2026-11-28"])
    assert started(aws)[2:] == [WINDOWS[0], *WINDOWS[2:]]


def test_a_backfill_of_a_period_without_input_is_refused(aws: Aws, engine: Engine) -> None:
    deploy(1)
    aws.receive(*WINDOWS)
    with pytest.raises(SystemExit, match="no window from 2026-12-01 to 2026-12-31 has input below "):
        main(["backfill", "preprod", "2026-12-01", "2026-12-31"])


def test_a_backfill_ends_before_its_credentials_and_says_where_it_goes_on(
    aws: Aws, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    aws.receive(*WINDOWS)
    times = iter([0.0, 0.0, 0.0, 100.0, 100.0, 1e6])
    with pytest.raises(Exception, match=f"the time is over, and 2 windows are left: .* goes on with {WINDOWS[2]}"):
        runs.backfill(PROJECT, PREPROD, SETTINGS, ["2026-11-25", "2026-11-28"], now=lambda: next(times))
    assert started(aws) == WINDOWS[:2]
    assert "preprod: 2 of 4 windows" in capsys.readouterr().out


def test_a_backfill_scores_again_what_got_rows_after_its_run(aws: Aws, engine: Engine) -> None:
    deploy(1)
    aws.receive(*WINDOWS)
    main(["backfill", "preprod", "2026-11-25", "2026-11-28"])
    aws.sagemaker.started.clear()
    aws.receive(WINDOWS[1], name="late/part-1.csv")
    aws.objects.objects[NAMES.bucket, f"{NAMES.folder}/input/daily/{WINDOWS[2]}/part-0.csv"] += GOOD_ROW
    # Some tools make an object of a folder, which no job gets as a file.
    aws.objects.objects[NAMES.bucket, f"{NAMES.folder}/input/daily/{WINDOWS[3]}/"] = b""
    main(["backfill", "preprod", "2026-11-25", "2026-11-28"])
    assert started(aws) == WINDOWS[1:3]
    main(["backfill", "preprod", "2026-11-25", "2026-11-28"])
    assert started(aws) == WINDOWS[1:3]


def test_the_same_attempt_starts_no_second_execution_and_another_does(
    aws: Aws, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(1)
    aws.receive("2026-11-28")
    monkeypatch.setenv("GITHUB_RUN_ID", "1")
    for attempt in ("1", "1", "2"):
        monkeypatch.setenv("GITHUB_RUN_ATTEMPT", attempt)
        main(["run", "preprod", "2026-11-28"])
    tokens = [
        arguments["ClientRequestToken"]
        for operation, arguments in aws.sagemaker.requests
        if operation == "StartPipelineExecution"
    ]
    assert [tokens.index(token) for token in tokens] == [0, 0, 2]


def test_the_status_shows_version_schedule_and_the_latest_runs_with_their_cost(
    aws: Aws, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(3)
    aws.receive("2026-11-28")
    main(["run", "preprod", "2026-11-28"])
    capsys.readouterr()
    main(["status", "preprod"])
    said = capsys.readouterr().out
    assert f"| version | `{PROJECT.package_arn(3)}` |" in said
    assert "| schedule | `cron(0 2 * * ? *)` in UTC, ENABLED |" in said
    price = math.ceil(1000 * 360 / 3600 * SETTINGS.plans["preprod"].usd_per_hour) / 1000
    assert (
        f"| 2026-11-28 02:00 | output-2026-11-28 | Failed Score: RunError: the input has no row | {price:.3f} |" in said
    )


@pytest.mark.parametrize("command", [["status", "preprod"], ["backfill", "preprod", "2026-11-01", "2026-11-30"]])
def test_before_a_deployment_there_is_no_status(aws: Aws, command: list[str]) -> None:
    with pytest.raises(SystemExit, match="error: nothing is deployed to preprod: deploy a version first"):
        main(command)


def test_credentials_of_another_account_run_nothing(aws: Aws) -> None:
    with pytest.raises(SystemExit, match="these are credentials of account"):
        main(["run", "prod", "2026-11-28"])


KNOWN = dict(zip(map(tuple, known_rows.read_rows(ROWS)[0]), known_rows.read_rows(ROWS)[1], strict=True))


def truth(row: str) -> str:
    return f"{KNOWN[tuple(row.split(','))]}"


def test_the_test_scores_rows_with_known_truth_where_nobody_else_reads(
    aws: Aws, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    aws.sagemaker.answer = truth
    main(["test", "preprod"])
    [given] = aws.sagemaker.started
    assert given["Area"] == "test"
    assert given["Input"].startswith(f"{FOLDER}/code/")
    assert f"{len(KNOWN)} rows, off by 0.00 on average" in capsys.readouterr().out
    assert not [key for _, key in aws.objects.objects if "/output/" in key]


def test_the_test_fails_when_answers_are_wrong_or_missing(aws: Aws, engine: Engine) -> None:
    deploy(1)
    highest = SETTINGS.test.highest
    for answer, said in {
        f"{highest}": "is off by",
        f"{highest + 1}": f"predicts {highest + 1:g} for",
        "old": "answered 'old', expected a number",
        "": f"put {len(KNOWN)} of the {len(KNOWN)} rows in smoke/ aside",
    }.items():
        aws.sagemaker.answer = lambda _, answer=answer: answer
        with pytest.raises(SystemExit, match=said) as caught:
            main(["test", "preprod"])
        assert "preprod scores with this version all the same: `make rollback VERSION=N`" in str(caught.value)


def nothing(*_: object) -> None:
    """Do nothing."""


def test_a_run_that_leaves_no_manifest_is_not_finished(
    aws: Aws, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(1)
    aws.receive("2026-11-28")
    monkeypatch.setattr(aws.sagemaker, "_score", nothing)
    with pytest.raises(SystemExit, match=r"2026-11-28: the execution .* succeeded, and left no manifest"):
        main(["run", "preprod", "2026-11-28"])


@pytest.mark.parametrize(("seconds", "usd"), [(100, "0.100"), (100.1, "0.101"), (0.1, "0.001"), (0, "0.000")])
def test_the_price_is_that_of_the_environments_instance_rounded_up(seconds: float, usd: str) -> None:
    plan = replace(SETTINGS.plans["preprod"], usd_per_hour=3.6)
    made = runs.Executions(names=NAMES, plan=plan, sagemaker=None, s3=None)
    assert f"{made.price(seconds):.3f}" == usd
