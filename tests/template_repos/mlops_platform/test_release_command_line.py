"""The commands that every deployment repository has."""

from pathlib import Path

import pytest

from mlops_platform.release import project
from mlops_platform.release.testing.aws import FakeAws
from mlops_platform.release.testing.engine import FakeEngine
from mlops_platform.release.testing.example import PROJECT
from tests.template_repos.mlops_platform.conftest import Deploy

READ = project.read


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_nothing_is_touched_for_a_version_that_is_not_approved(
    deploy: Deploy, aws: FakeAws, engine: FakeEngine, status: str
) -> None:
    aws.registry.packages[PROJECT.package_arn(1)]["ModelApprovalStatus"] = status
    with pytest.raises(SystemExit, match=f"error: .*/1 is {status}, not Approved"):
        deploy(1)
    assert (engine.calls, aws.s3.copies) == ([], [])


def test_credentials_of_another_account_are_refused_before_anything_is_touched(
    deploy: Deploy, aws: FakeAws, engine: FakeEngine
) -> None:
    aws.sts.account = "999999999999"
    with pytest.raises(
        SystemExit, match="these are credentials of account 999999999999; preprod is account 222222222222"
    ):
        deploy(1)
    assert (engine.calls, aws.s3.copies) == ([], [])


def test_a_refusal_of_aws_is_one_line_that_names_the_operation(
    deploy: Deploy, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.s3, "missing", "SlowDown")
    del aws.s3.objects[PROJECT.models_bucket, "approved/1/model.tar.gz"]
    with pytest.raises(SystemExit, match=r"^error: .*\(SlowDown\) when calling the HeadObject operation: Not Found$"):
        deploy(1)


def test_without_a_project_nothing_is_sent(deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "read", READ)
    monkeypatch.setattr(project, "FILE", tmp_path / "project.toml")
    with pytest.raises(SystemExit, match=r"error: project\.toml is missing: launch a project from this template"):
        deploy(1)
