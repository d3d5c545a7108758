"""The commands of the workflows, with three accounts in memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pipeline.__main__ as commands
import pytest
from example_settings import EXAMPLE
from fake_accounts import Account, accounts
from pipeline import project
from pipeline.__main__ import main
from pipeline.project import ENVIRONMENTS
from pipeline.this_machine import IMPORTED, STEPS

from mlops_platform import REPOSITORY
from mlops_platform.pipeline import job_code, upload
from mlops_platform.pipeline.expressions import Json, nested_steps
from mlops_platform.project import aws as aws_clients
from mlops_platform.release.release_function import RELEASED_BY

pytestmark = pytest.mark.usefixtures("example_settings")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
Run = Callable[..., str]
"""Runs a command for an environment with the credentials of its account, and returns what it printed."""


@pytest.fixture
def three() -> dict[str, Account]:
    return accounts()


@pytest.fixture
def run(
    three: dict[str, Account], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    monkeypatch.setattr(project, "FILE", REPOSITORY / "tests" / "project.toml")
    for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_STEP_SUMMARY", RELEASED_BY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_SHA", COMMIT)

    def command(name: str, environment: str, *more: str) -> str:
        monkeypatch.setattr(aws_clients, "client", three[environment].client)
        capsys.readouterr()
        main([name, environment, *more])
        return capsys.readouterr().out

    return command


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Change a text in the settings of the tests, for the commands that follow."""

    def change(before: str, after: str) -> None:
        text = EXAMPLE.read_text()
        assert text.count(before) == 1
        (tmp_path / "settings.toml").write_text(text.replace(before, after))
        monkeypatch.setattr(commands, "REPOSITORY", tmp_path)

    return change


def live(account: Account) -> Json:
    [number] = account.sagemaker.live
    return json.loads(account.sagemaker.versions[number - 1]["definition"])


def arguments(definition: Json, step: str) -> Json:
    return next(each["Arguments"] for each in nested_steps(definition["Steps"]) if each["Name"] == step)


def uri(definition: Json, name: str) -> str:
    inputs = arguments(definition, "Preprocess")["ProcessingInputs"]
    return next(each["S3Input"]["S3Uri"] for each in inputs if each["InputName"] == name)


def test_a_commit_runs_with_the_same_code_in_every_account(run: Run, three: dict[str, Account]) -> None:
    with job_code.assembled(STEPS, IMPORTED) as code:
        digest = upload.digest(code)
    for environment in ENVIRONMENTS:
        printed = run("converge", environment)
        assert f"| code | `{digest}`, the same in every environment |" in printed
        assert "| version | 1, `c-0123456789ab` |" in printed
    for account in three.values():
        assert uri(live(account), "code").endswith(f"/code/{digest}")
        assert account.sagemaker.started == [1]
    contents = [set(account.s3.objects.values()) for account in three.values()]
    assert contents[0] == contents[1] == contents[2] != set()


def test_every_account_has_its_own_names_and_uses_nothing_of_another(run: Run, three: dict[str, Account]) -> None:
    for environment in ENVIRONMENTS:
        run("converge", environment)
    numbers = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}
    for environment, account in three.items():
        text = json.dumps([live(account), account.scheduler.schedules])
        assert f"{account.bucket}" in text
        for other in ENVIRONMENTS:
            if other != environment:
                assert three[other].bucket not in text
                assert f":iam::{numbers[other]}:" not in text
                assert f"subnet-{other}1" not in text


def test_thresholds_and_schedules_are_those_of_the_environment(run: Run, three: dict[str, Account]) -> None:
    for environment in ENVIRONMENTS:
        run("converge", environment)
    conditions = [arguments(live(account), "CheckQuality")["Conditions"] for account in three.values()]
    assert [condition["RightValue"] for [condition] in conditions] == [6.0, 6.0, 5.5]
    assert [len(account.scheduler.schedules) for account in three.values()] == [0, 1, 1]


def test_a_model_waits_for_approval_unless_the_setting_of_the_environment_says_otherwise(
    run: Run, three: dict[str, Account], changed: Callable[[str, str], None]
) -> None:
    run("converge", "prod")
    assert arguments(live(three["prod"]), "Register")["ModelApprovalStatus"] == "PendingManualApproval"
    changed('approval = "by a person"        # "none"', 'approval = "none"        # "none"')
    run("converge", "prod")
    run("converge", "preprod")
    assert arguments(live(three["prod"]), "Register")["ModelApprovalStatus"] == "Approved"
    assert arguments(live(three["preprod"]), "Register")["ModelApprovalStatus"] == "PendingManualApproval"


def test_an_environments_own_data_are_read_where_they_are_and_never_uploaded(
    run: Run, three: dict[str, Account], changed: Callable[[str, str], None]
) -> None:
    changed('[prod]\ndata = "repository"', '[prod]\ndata = "incoming"')
    run("converge", "prod")
    assert uri(live(three["prod"]), "data") == f"s3://{three['prod'].bucket}/incoming/"
    assert {key.split("/")[0] for key in three["prod"].s3.objects} == {"code"}


def test_the_difference_shows_settings_and_code_and_no_id_of_an_account(
    run: Run, three: dict[str, Account], changed: Callable[[str, str], None]
) -> None:
    run("converge", "prod")
    assert run("diff", "prod") == "### prod\n\nThe pipeline that is live stays as it is.\n\n"
    changed("mse_threshold = 5.5", "mse_threshold = 5.25")
    printed = run("diff", "prod")
    assert '-            "RightValue": 5.5' in printed
    assert '+            "RightValue": 5.25' in printed
    assert "333333333333" not in printed
    assert "arn:" not in printed
    assert len(three["prod"].sagemaker.versions) == 1


def test_the_difference_only_describes(run: Run, three: dict[str, Account]) -> None:
    assert "+++ proposed" in run("diff", "dev")
    assert [name for name, _ in three["dev"].requests.sent] == ["DescribePipeline"]
    assert three["dev"].s3.objects == {}


def test_a_rollback_makes_the_earlier_version_live_and_says_so(
    run: Run, three: dict[str, Account], changed: Callable[[str, str], None]
) -> None:
    run("converge", "prod")
    changed("mse_threshold = 5.5", "mse_threshold = 5.25")
    run("converge", "prod")
    printed = run("rollback", "prod", "1")
    assert three["prod"].sagemaker.live == [1]
    assert three["prod"].sagemaker.started == [1, 2], "nothing is trained again"
    rows = [line for line in printed.splitlines() if line.startswith("| ") and "c-" in line]
    assert [row.count("**live**") for row in rows] == [0, 1]
    assert "It starts at cron(0 3 ? * MON *), UTC (enabled)." in printed


def test_a_version_that_does_not_exist_is_refused_in_one_line(run: Run) -> None:
    run("converge", "prod")
    refusal = "^error: the pipeline abalone-p-abcdefghijkl has no version 7; it has 1$"
    with pytest.raises(SystemExit, match=refusal):
        run("rollback", "prod", "7")


def test_a_version_whose_execution_failed_is_not_made_live_by_a_rollback(
    run: Run, three: dict[str, Account], changed: Callable[[str, str], None]
) -> None:
    run("converge", "prod")
    changed("mse_threshold = 5.5", "mse_threshold = 1.0")
    three["prod"].sagemaker.outcomes[2] = "Failed"
    with pytest.raises(SystemExit):
        run("converge", "prod")
    with pytest.raises(
        SystemExit, match=r"^error: version 2 of abalone-p-abcdefghijkl cannot be made live: no execution"
    ):
        run("rollback", "prod", "2")
    assert three["prod"].sagemaker.live == [1]


def test_an_account_is_asked_who_may_release_before_anything_is_changed_there(
    run: Run, three: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RELEASED_BY, "hedy,lise")
    three["prod"].release.managers = ("hedy", "lise")
    for environment in ENVIRONMENTS:
        run("converge", environment)
    run("rollback", "prod", "1")
    asked = {name: [each["changes"] for each in account.release.asked] for name, account in three.items()}
    first, second = asked["prod"]
    assert (asked["dev"], asked["preprod"], first) == ([], [0], 0)
    assert second == len(three["prod"].requests.changes)
    assert [(each["action"], each["released_by"]) for each in three["prod"].release.asked] == [
        ("promote", ["hedy", "lise"])
    ] * 2


def test_a_promotion_that_a_former_release_manager_let_in_changes_nothing(
    run: Run, three: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RELEASED_BY, "former,hedy")
    three["prod"].release.managers = ("hedy",)
    with pytest.raises(SystemExit, match=r"error: \['former', 'hedy'\] may not"):
        run("converge", "prod")
    assert (three["prod"].requests.sent, three["prod"].s3.objects) == ([], {})


def test_a_rollback_that_a_former_release_manager_let_in_changes_nothing(
    run: Run, three: dict[str, Account], changed: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("converge", "prod")
    changed("mse_threshold = 5.5", "mse_threshold = 5.25")
    run("converge", "prod")
    monkeypatch.setenv(RELEASED_BY, "former")
    three["prod"].release.managers = ("hedy",)
    with pytest.raises(SystemExit, match="may not"):
        run("rollback", "prod", "1")
    assert three["prod"].sagemaker.live == [2]


def test_run_starts_the_live_version_and_reports_its_quality(run: Run, three: dict[str, Account]) -> None:
    run("converge", "dev")
    printed = run("run", "dev")
    assert three["dev"].sagemaker.started == [1, 1]
    assert "| mse | 4.500 |" in printed
    assert "Champion" not in printed
    assert three["dev"].requests.sent[-1][0] != "UpdatePipeline"


def test_without_a_live_version_nothing_starts(run: Run) -> None:
    with pytest.raises(SystemExit, match=r"^error: .*StartPipelineExecution"):
        run("run", "dev")


def test_status_says_that_no_version_is_live(run: Run) -> None:
    assert "**No version is live**" in run("status", "dev")


def test_a_version_is_not_made_without_a_commit_that_it_could_name(
    run: Run, three: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_SHA")
    with pytest.raises(SystemExit, match=r"error: GITHUB_SHA is not set: .* merge a pull request into main"):
        run("converge", "dev")
    assert (three["dev"].requests.sent, three["dev"].s3.objects) == ([], {})


def test_a_failed_execution_fails_the_command_which_says_so_in_its_summary_and_leaves_what_is_live(
    run: Run,
    three: dict[str, Account],
    changed: Callable[[str, str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("converge", "prod")
    changed("mse_threshold = 5.5", "mse_threshold = 1.0")
    three["prod"].sagemaker.outcomes[2] = "Failed"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    with pytest.raises(SystemExit, match=r"error: the execution ended as Failed"):
        run("converge", "prod")
    assert three["prod"].sagemaker.live == [1]
    assert (tmp_path / "summary.md").read_text().count("    the execution ended as Failed") == 1


def test_the_definition_can_be_printed_without_a_project(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(project, "FILE", tmp_path / "project.toml")
    main(["definition", "prod"])
    printed: Any = json.loads(capsys.readouterr().out)
    assert arguments(printed, "CheckQuality")["Conditions"][0]["RightValue"] == 5.5


def test_without_a_project_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(project, "FILE", tmp_path / "project.toml")
    for command in ("converge", "diff", "run", "status"):
        with pytest.raises(SystemExit, match=r"error: project\.toml is missing: launch a project from this template"):
            main([command, "dev"])
