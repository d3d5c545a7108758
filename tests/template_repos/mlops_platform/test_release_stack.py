"""The state of a deployment repository, and recovery from interrupted runs."""

import copy
import json
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from mlops_platform.release.testing.aws import FakeAws
from mlops_platform.release.testing.engine import FakeEngine
from mlops_platform.release.testing.example import PROJECT
from tests.template_repos.mlops_platform.batch_repository import PROGRAM, SCHEDULE
from tests.template_repos.mlops_platform.conftest import Deploy

PREPROD = PROJECT.environments["preprod"]
NAME = PREPROD.deployment_name
LOCK = f"projects/{PROJECT.id}/.pulumi/locks/organization/{PROGRAM}/preprod/0000.json"
PARENT = f"urn:pulumi:preprod::{PROGRAM}::mlops:index:Batch::batch"
URN = f"urn:pulumi:preprod::{PROGRAM}::mlops:index:Batch${SCHEDULE}::schedule"
PROVIDER = f"urn:pulumi:preprod::{PROGRAM}::pulumi:providers:aws::aws"


def test_a_deployment_creates_the_stack_and_runs_the_program(deploy: Deploy, engine: FakeEngine) -> None:
    deploy(1)
    provider = "awskms://alias/analytics-preprod-state?region=eu-west-1&context_project=p-abcdefghijkl"
    assert engine.calls == [
        ["stack", "select", "--create", "--secrets-provider", provider],
        ["stack", "export"],
        ["up", "--yes", "--refresh", "--skip-preview", "--suppress-outputs", "--suppress-progress"],
    ]
    assert engine.configuration()["model"]["package_arn"] == PROJECT.package_arn(1)


def test_the_engine_finds_the_projects_own_part_of_the_accounts_state(deploy: Deploy, engine: FakeEngine) -> None:
    deploy(1)
    bucket = "s3://analytics-preprod-state-222222222222-eu-west-1/projects/p-abcdefghijkl?region=eu-west-1"
    assert {environment["PULUMI_BACKEND_URL"] for environment in engine.environments} == {bucket}


def test_a_custom_endpoint_is_reached_by_paths(
    deploy: Deploy, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    deploy(1)
    assert all(each["PULUMI_BACKEND_URL"].endswith("&use_path_style=true") for each in engine.environments)


def test_no_credential_is_on_a_command_line_or_in_the_stack_file(
    deploy: Deploy, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = {name: f"secret-{name}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    deploy(1)
    output = capsys.readouterr()
    written = json.dumps(engine.calls) + (engine.folder / "Pulumi.preprod.yaml").read_text() + output.out + output.err
    assert not [value for value in secrets.values() if value in written]


def test_the_lock_of_a_killed_run_is_released_and_those_of_other_stacks_are_kept(
    deploy: Deploy, aws: FakeAws, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    others = LOCK.replace("/preprod/", "/prod/")
    for key in (LOCK, others):
        aws.s3.objects[PREPROD.state_bucket, key] = b"{}"
    deploy(1)
    assert len(engine.commands("up")) == 1
    assert (PREPROD.state_bucket, LOCK) not in aws.s3.objects
    assert (PREPROD.state_bucket, others) in aws.s3.objects
    assert "released the lock that a killed run left at 2026-11-22 12:00:00" in caplog.text


def pending(kind: str, urn: str, operation: str = "creating") -> dict[str, Any]:
    resource = {"urn": urn, "type": kind, "custom": True, "parent": PARENT, "provider": f"{PROVIDER}::0123-id"}
    return {"type": operation, "resource": resource}


def test_a_resource_with_a_fixed_name_that_a_killed_run_was_creating_is_adopted_if_it_exists(
    deploy: Deploy, engine: FakeEngine
) -> None:
    engine.state["deployment"]["pending_operations"] = [pending(SCHEDULE, URN)]
    deploy(1, exists=True)
    assert "pending_operations" not in engine.imported[0]["deployment"]
    (adoption,) = engine.commands("import")
    assert adoption == [
        *("import", SCHEDULE, "schedule", NAME),
        *("--parent", f"parent={PARENT}", "--provider", f"provider={PROVIDER}"),
        *("--yes", "--skip-preview", "--generate-code=false", "--protect=false"),
    ]
    names = [call[0] for call in engine.calls]
    assert names.index("import") < names.index("up")


def test_a_resource_that_a_killed_run_did_not_create_is_forgotten(deploy: Deploy, engine: FakeEngine) -> None:
    engine.state["deployment"]["pending_operations"] = [pending(SCHEDULE, URN)]
    deploy(1, exists=False)
    assert len(engine.imported) == 1
    assert engine.commands("import") == []


@pytest.mark.parametrize("operation", ["creating", "updating", "deleting"])
def test_all_other_pending_operations_are_dropped_and_nothing_is_adopted(
    deploy: Deploy, engine: FakeEngine, operation: str
) -> None:
    alarm = pending("aws:cloudwatch/metricAlarm:MetricAlarm", f"{URN}-alarm", operation)
    known = pending(SCHEDULE, URN, "updating")
    engine.state["deployment"]["resources"] = [known["resource"]]
    engine.state["deployment"]["pending_operations"] = [alarm, known]
    before = copy.deepcopy(engine.state)
    deploy(2, exists=True)
    del before["deployment"]["pending_operations"]
    assert engine.imported == [before]
    assert engine.commands("import") == []


@pytest.mark.usefixtures("engine")
def test_the_last_words_of_an_engine_that_fails_are_reported(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 255, "", "error: the bucket is not there\n")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(SystemExit, match="error: pulumi stack select failed:\nerror: the bucket is not there"):
        deploy(1)


@pytest.mark.usefixtures("engine")
def test_a_missing_engine_is_named(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(command: Sequence[str], **_: object) -> None:
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(subprocess, "run", missing)
    with pytest.raises(SystemExit, match="error: pulumi is not on PATH"):
        deploy(1)
