"""The commands that every deployment repository has."""

from pathlib import Path

import pytest

from mlops_platform.release import project
from mlops_platform.release.testing.aws import FakeAws, refusal
from mlops_platform.release.testing.engine import FakeEngine
from mlops_platform.release.testing.example import PROJECT
from tests.template_repos.mlops_platform import batch_repository
from tests.template_repos.mlops_platform.conftest import Deploy

READ = project.read


def test_nothing_is_touched_for_a_version_that_is_not_released_and_the_workflows_summary_says_so(
    deploy: Deploy, aws: FakeAws, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.release.versions[1] = f"{PROJECT.package_arn(1)} is Rejected, not Approved"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    with pytest.raises(SystemExit, match=r"error: .*/1 is Rejected, not Approved"):
        deploy(1)
    assert engine.calls == []
    assert (tmp_path / "summary.md").read_text().count("/1 is Rejected, not Approved") == 1


def test_credentials_of_another_account_are_refused_before_anything_is_touched(
    deploy: Deploy, aws: FakeAws, engine: FakeEngine
) -> None:
    aws.sts.account = "999999999999"
    with pytest.raises(
        SystemExit, match="these are credentials of account 999999999999; preprod is account 222222222222"
    ):
        deploy(1)
    assert (engine.calls, aws.release.released) == ([], [])


def test_a_refusal_of_aws_is_one_line_that_names_the_operation(
    deploy: Deploy, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: str) -> None:
        raise refusal("Invoke", "ServiceException", "internal error")

    monkeypatch.setattr(aws.release, "invoke", refuse)
    with pytest.raises(
        SystemExit, match=r"^error: .*\(ServiceException\) when calling the Invoke operation: internal error$"
    ):
        deploy(1)


def test_without_a_project_nothing_is_sent(deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "read", READ)
    monkeypatch.setattr(project, "FILE", tmp_path / "project.toml")
    with pytest.raises(SystemExit, match=r"error: project\.toml is missing: launch a project from this template"):
        deploy(1)


def test_a_repositorys_own_command_gets_its_arguments(
    aws: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_repository.main(["say", "preprod", "one", "two"], tmp_path, aws)
    assert capsys.readouterr().out == "preprod one two\n"


def test_a_repositorys_own_command_runs_in_the_environments_account_alone(aws: FakeAws, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="these are credentials of account 222222222222; prod is account 333333333333"):
        batch_repository.main(["say", "prod", "one", "two"], tmp_path, aws)


def test_a_stack_is_retired_after_what_a_killed_run_left(aws: FakeAws, engine: FakeEngine, tmp_path: Path) -> None:
    batch_repository.main(["retire", "preprod"], tmp_path, aws, exists=True)
    assert [call[0] for call in engine.calls] == ["stack", "stack", "destroy"]


def test_a_retirement_that_fails_is_red(aws: FakeAws, engine: FakeEngine, tmp_path: Path) -> None:
    engine.exit_code = 255
    with pytest.raises(SystemExit, match="pulumi destroy failed in preprod; its messages are above: run this again"):
        batch_repository.main(["retire", "preprod"], tmp_path, aws)
