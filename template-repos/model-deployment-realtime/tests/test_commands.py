"""The commands that the workflow runs, with an AWS and an engine in memory."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from example_settings import EXAMPLE
from fake_aws import WATCH, Aws

import deployment.deploy
from deployment import live, settings, smoke
from deployment.__main__ import main
from deployment.deploy import CONFIGURATION, PROGRAM
from deployment.removal import ENDPOINT
from mlops_platform.release import known_rows
from mlops_platform.release.testing.aws import DATA_KEY
from mlops_platform.release.testing.engine import FakeEngine
from mlops_platform.release.testing.example import PROJECT, model_name
from mlops_platform.release.version import Version
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.live import GROUP, PIPELINE, SCHEDULE
from watching.definition import Watching, definition

pytestmark = pytest.mark.usefixtures("example_settings")

PREPROD = PROJECT.environments["preprod"]
NAME = PREPROD.deployment_name
PARENT = f"urn:pulumi:preprod::{PROGRAM}::mlops:index:EndpointRelease::release"
URN = f"urn:pulumi:preprod::{PROGRAM}::mlops:index:EndpointRelease${ENDPOINT}::endpoint"
PROVIDER = f"urn:pulumi:preprod::{PROGRAM}::pulumi:providers:aws::aws"


@dataclass
class Engine(FakeEngine):
    """An engine whose updates release the version in the configuration."""

    aws: Aws = field(default_factory=Aws)
    rolls_back: bool = False
    made: int = 0
    """Number of the configurations that updates have made."""
    watches: bool = True
    """The update makes what watches the endpoint."""
    scaled: dict[str, Any] = field(default_factory=dict[str, Any])
    """The scaling target that existed when an update began."""

    def update(self) -> None:
        self.scaled = self.aws.scaling.target or {}
        if self.exit_code and not self.rolls_back:
            return
        sagemaker = self.aws.sagemaker
        model = self.configuration()["model"]
        made = f"{NAME}-v{model['version']}-{self.made:07x}"
        self.made += 1
        self.outputs = {"endpointName": NAME, "endpointConfigName": made, **self._watch()}
        sagemaker.fleets[made] = ("ml.m5.large", int(self.configuration()["instances"]))
        if model["model_name"] not in sagemaker.models:
            sagemaker.models.insert(0, model["model_name"])
        sagemaker.configurations = {made: [model["model_name"]], **sagemaker.configurations}
        if self.rolls_back:
            assert sagemaker.endpoint
            sagemaker.endpoint |= {"FailureReason": "an alarm fired", "LastModifiedTime": datetime.now(UTC)}
        else:
            variants = [{"VariantName": "AllTraffic", "DesiredInstanceCount": int(self.configuration()["instances"])}]
            sagemaker.endpoint = {
                "EndpointStatus": "InService",
                "EndpointConfigName": made,
                "LastModifiedTime": datetime.now(UTC),
                "ProductionVariants": variants,
            }

    def _watch(self) -> dict[str, str]:
        given = self.configuration()
        if "code" not in given:
            return {}
        wanted = Watching(
            names=WATCH,
            version=Version(**given["model"]),
            container=Container(**given["container"]),
            settings=settings.read(EXAMPLE).watch,
            kms_key_arn=DATA_KEY,
            code_uri=given["code"],
        )
        text = json.dumps(definition(wanted))
        if self.watches:
            self.aws.sagemaker.pipeline, self.aws.scheduler.group = text, True
            request = json.dumps({"PipelineName": WATCH.pipeline})
            self.aws.scheduler.schedule = {"State": "ENABLED", "Target": {"Input": request}}
        return {"watchDefinition": text}

    def destroy(self) -> None:
        if not self.exit_code and self.state["deployment"]["resources"]:
            self.aws.sagemaker.endpoint = None
            self.aws.sagemaker.pipeline, self.aws.scheduler.group, self.aws.scheduler.schedule = "", False, None


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    fake = Aws()
    fake.approve(1, 2, 3)
    fake.install(monkeypatch)
    return fake


@pytest.fixture
def engine(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    fake = Engine(program=PROGRAM, folder=tmp_path, aws=aws)
    monkeypatch.setattr(deployment.deploy, "REPOSITORY", tmp_path)
    monkeypatch.setattr(subprocess, "run", fake.run)
    return fake


def deploy(version: int) -> None:
    main(["deploy", "preprod", PROJECT.package_arn(version)])


def test_the_first_deployment_creates_the_stack_and_reports_the_configuration(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    deploy(1)
    provider = "awskms://alias/analytics-preprod-state?region=eu-west-1&context_project=p-abcdefghijkl"
    assert engine.calls == [
        ["stack", "select", "--create", "--secrets-provider", provider],
        ["stack", "export"],
        ["up", "--yes", "--refresh", "--skip-preview", "--suppress-outputs", "--suppress-progress"],
        ["stack", "output", "--json"],
    ]
    assert "## preprod serves version 1" in summary.read_text()
    reported = capsys.readouterr().out
    assert f"| configuration that it serves | `{NAME}-v1-0000000` |\n| configuration before | none |" in reported


def test_the_program_gets_the_released_version_and_the_name_of_its_model(engine: Engine) -> None:
    deploy(2)
    configuration = engine.configuration()
    assert configuration["modelPackageArn"] == configuration["model"]["package_arn"] == PROJECT.package_arn(2)
    assert (configuration["model"]["version"], configuration["model"]["model_name"]) == (2, model_name("preprod", 2))
    uri = f"s3://{PREPROD.artifacts_bucket}/approved/{PROJECT.id}/2/model.tar.gz"
    assert configuration["model"]["artifact_uri"] == uri
    assert configuration["instances"] == "1"
    assert "shadow" not in configuration


def test_what_watches_the_endpoint_gets_the_versions_container_code_and_placeholders(aws: Aws, engine: Engine) -> None:
    deploy(2)
    configuration = engine.configuration()
    assert Container(**configuration["container"]).security_group_ids == ["sg-1"]
    code = f"{WATCH.folder}/code/{configuration['code'].rpartition('/')[2]}"
    bucket, objects = WATCH.bucket, aws.objects.objects
    placeholders = {f"captured/{PROJECT.id}/{folder}/placeholder" for folder in ("v2", "truth")}
    assert {key for of, key in objects if of == bucket} >= {
        f"{code}/run.py",
        f"{code}/mlops_platform/monitoring/watch.py",
        *placeholders,
    }
    assert all(len(objects[bucket, key]) <= 100 for key in placeholders)
    aws.objects.written.clear()
    deploy(2)
    assert aws.objects.written == []


def test_a_version_that_is_not_watched_in_the_end_fails_the_command(engine: Engine) -> None:
    engine.watches = False
    with pytest.raises(SystemExit, match=f"error: preprod does not run this version: {WATCH.pipeline}"):
        deploy(1)


def test_without_watching_nothing_is_uploaded(aws: Aws, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings.read(EXAMPLE)
    changed = replace(read, watch=replace(read.watch, every_hours=0))

    def read_changed(_: Path) -> settings.Settings:
        return changed

    monkeypatch.setattr(settings, "read", read_changed)
    deploy(1)
    assert engine.configuration().keys() == {"modelPackageArn", "model", "instances"}
    assert aws.objects.written == []


def test_what_a_killed_run_was_creating_to_watch_is_adopted(engine: Engine) -> None:
    deploy(1)
    engine.calls.clear()
    parents = {PIPELINE: "ScheduledPipeline", GROUP: "PipelineSchedule", SCHEDULE: "PipelineSchedule"}
    engine.state["deployment"]["pending_operations"] = [
        pending(kind, f"urn:pulumi:preprod::{PROGRAM}::mlops:index:{parent}${kind}::{parent.lower()}")
        for kind, parent in parents.items()
    ]
    deploy(1)
    assert {call[1]: call[3] for call in engine.commands("import")} == {
        PIPELINE: WATCH.pipeline,
        GROUP: WATCH.pipeline,
        SCHEDULE: f"{WATCH.pipeline}/{WATCH.pipeline}",
    }


def test_a_second_version_replaces_the_first_and_the_one_before_is_kept(aws: Aws, engine: Engine) -> None:
    for version in (1, 2, 3):
        deploy(version)
    assert list(aws.sagemaker.configurations) == [f"{NAME}-v3-0000002", f"{NAME}-v2-0000001"]
    assert aws.sagemaker.models == [model_name("preprod", 3), model_name("preprod", 2)]


def test_models_that_were_made_before_the_account_did_are_removed_when_they_serve_no_more(
    aws: Aws, engine: Engine
) -> None:
    deploy(1)
    former = f"{NAME}-v1-1a2b3c4"
    aws.sagemaker.models.append(former)
    deploy(2)
    assert aws.sagemaker.deleted == [former]


def test_an_earlier_version_is_deployed_again_in_another_configuration(aws: Aws, engine: Engine) -> None:
    for version in (1, 2, 1):
        deploy(version)
    assert list(aws.sagemaker.configurations) == [f"{NAME}-v1-0000002", f"{NAME}-v2-0000001"]
    assert aws.release.released == [1, 2, 1]


def serving(aws: Aws, instances: int) -> None:
    """Change the number of instances, as autoscaling does."""
    assert aws.sagemaker.endpoint
    aws.sagemaker.endpoint["ProductionVariants"][0]["DesiredInstanceCount"] = instances


def test_a_release_never_has_fewer_instances_than_serve(aws: Aws, engine: Engine) -> None:
    deploy(1)
    serving(aws, 4)
    engine.changes = [("create", CONFIGURATION), ("update", ENDPOINT)]
    deploy(2)
    assert engine.configuration()["instances"] == "4"


@pytest.mark.parametrize("instances", [1, 4])
def test_the_same_again_keeps_the_number_that_the_configuration_started_with(
    aws: Aws, engine: Engine, instances: int
) -> None:
    aws.sagemaker.fleets[f"{NAME}-v1-0000000"] = ("ml.m5.large", 2)
    deploy(1)
    aws.sagemaker.fleets[f"{NAME}-v1-0000000"] = ("ml.m5.large", 2)
    serving(aws, instances)
    engine.changes = [
        ("refresh", CONFIGURATION),
        ("same", CONFIGURATION),
        ("same", ENDPOINT),
        ("update", "aws:cloudwatch/metricAlarm:MetricAlarm"),
    ]
    deploy(1)
    assert engine.configuration()["instances"] == "2"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("replace", CONFIGURATION), id="another share of the requests is captured"),
        pytest.param(("update", ENDPOINT), id="the same as was rolled back"),
    ],
)
def test_every_kind_of_release_has_no_fewer_instances_than_serve(
    aws: Aws, engine: Engine, change: tuple[str, str]
) -> None:
    deploy(1)
    serving(aws, 6)
    engine.changes = [change]
    deploy(1)
    assert engine.configuration()["instances"] == "6"


def test_a_preview_is_judged_whenever_an_endpoint_serves(engine: Engine) -> None:
    deploy(1)
    assert engine.commands("preview") == []
    deploy(2)
    assert engine.commands("preview") == [["preview", "--refresh", "--json"]]


@pytest.mark.parametrize("operation", ["replace", "delete"])
def test_a_run_that_would_replace_or_delete_the_endpoint_is_refused_before_anything_changes(
    aws: Aws, scaled: Engine, operation: str
) -> None:
    before = (dict(aws.sagemaker.endpoint or {}), list(aws.sagemaker.models))
    aws.sagemaker.fleets[f"{NAME}-v1-0000000"] = ("ml.t2.medium", 1)
    scaled.changes = [("create", CONFIGURATION), (operation, ENDPOINT)]
    with pytest.raises(SystemExit, match=f"error: preprod was left as it is: this run would {operation} {NAME}"):
        deploy(2)
    assert len(scaled.commands("up")) == 1
    assert (aws.sagemaker.endpoint, aws.sagemaker.models) == before
    assert aws.scaling.done == []


def test_an_endpoint_that_failed_is_gone_and_is_created_anew(
    aws: Aws, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.LiveEndpoint, "sleep", staticmethod(list[float]().append))
    deploy(1)
    aws.sagemaker.statuses = ["Failed"]
    engine.changes = [("delete", ENDPOINT), ("create", ENDPOINT)]
    deploy(2)
    assert aws.sagemaker.deleted[0] == NAME
    assert len(engine.commands("up")) == 2


KNOWN: dict[str, Any] = {"urn": f"{URN}-target", "type": "aws:appautoscaling/target:Target"}
TARGET: dict[str, Any] = {"MinCapacity": 1, "MaxCapacity": 2, "Tags": {"unit": "analytics"}}
POLICY: dict[str, Any] = {
    "PolicyName": f"{NAME}-invocations",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 600.0},
}


@pytest.fixture
def scaled(aws: Aws, engine: Engine) -> Engine:
    """A version that serves and is scaled, and an engine whose state has the target."""
    deploy(1)
    aws.scaling.target, aws.scaling.policies = dict(TARGET), [POLICY]
    engine.state["deployment"]["resources"] = [KNOWN]
    return engine


def test_a_release_on_the_same_type_of_instance_leaves_autoscaling_alone(aws: Aws, scaled: Engine) -> None:
    deploy(2)
    assert (aws.scaling.done, scaled.scaled) == ([], TARGET)


def test_autoscaling_is_set_aside_for_another_type_of_instance(
    aws: Aws, scaled: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    aws.sagemaker.fleets[f"{NAME}-v1-0000000"] = ("ml.t2.medium", 4)
    serving(aws, 3)
    deploy(1)
    assert scaled.scaled == {}
    assert scaled.configuration()["instances"] == "3"
    assert f"deregistered {NAME} from automatic scaling: it is registered anew after the update" in caplog.text


def test_autoscaling_that_the_state_does_not_know_is_set_aside(aws: Aws, scaled: Engine) -> None:
    scaled.state["deployment"]["resources"] = []
    deploy(2)
    assert scaled.scaled == {}


def test_autoscaling_is_restored_when_the_update_fails(
    aws: Aws, scaled: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    aws.sagemaker.fleets[f"{NAME}-v1-0000000"] = ("ml.t2.medium", 1)
    scaled.exit_code = 255
    with pytest.raises(SystemExit, match="error: pulumi up failed in preprod"):
        deploy(2)
    assert (aws.scaling.target, aws.scaling.policies) == (TARGET, [POLICY])
    assert aws.scaling.done == ["deregister", "register", "put policy"]
    assert f"{NAME} is scaled automatically as before" in caplog.text


def test_a_target_that_the_engine_has_registered_is_not_registered_twice(
    aws: Aws, scaled: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.sagemaker.fleets[f"{NAME}-v1-0000000"] = ("ml.t2.medium", 1)
    update = scaled.update

    def update_and_scale() -> None:
        update()
        aws.scaling.target, aws.scaling.policies = {**TARGET, "MaxCapacity": 6}, [POLICY]

    monkeypatch.setattr(scaled, "update", update_and_scale)
    deploy(2)
    assert aws.scaling.done == ["deregister"]
    assert aws.scaling.target == {**TARGET, "MaxCapacity": 6}


def test_autoscaling_that_cannot_be_restored_does_not_hide_why_the_release_failed(
    aws: Aws, scaled: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    aws.sagemaker.fleets[f"{NAME}-v1-0000000"] = ("ml.t2.medium", 1)
    scaled.exit_code, aws.scaling.broken = 255, True
    with pytest.raises(SystemExit, match="error: pulumi up failed in preprod"):
        deploy(2)
    assert f"{NAME} is not scaled automatically until this is run again: " in caplog.text


def test_a_rolled_back_release_fails_and_keeps_the_live_configuration(
    aws: Aws, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    engine.rolls_back = True
    with pytest.raises(SystemExit, match="error: preprod was rolled back: it serves what it served before") as caught:
        deploy(2)
    assert "reason: an alarm fired" in str(caught.value)
    assert "serves version 2" not in capsys.readouterr().out
    assert f"{NAME}-v1-0000000" in aws.sagemaker.configurations


def test_a_failed_update_fails_the_command(aws: Aws, engine: Engine) -> None:
    engine.exit_code = 255
    with pytest.raises(SystemExit, match="error: pulumi up failed in preprod"):
        deploy(1)


def test_a_rollback_that_makes_the_engine_fail_is_waited_for_and_reported_alike(
    aws: Aws, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.LiveEndpoint, "sleep", staticmethod(list[float]().append))
    deploy(1)
    engine.exit_code, engine.rolls_back = 255, True
    aws.sagemaker.statuses = ["InService", "RollingBack", "RollingBack", "InService"]
    with pytest.raises(SystemExit, match="error: preprod was rolled back: it serves what it served before") as caught:
        deploy(2)
    assert f"{NAME} is InService with {NAME}-v1-0000000" in str(caught.value)


def pending(kind: str, urn: str, operation: str = "creating") -> dict[str, Any]:
    resource = {"urn": urn, "type": kind, "custom": True, "parent": PARENT, "provider": f"{PROVIDER}::0123-id"}
    return {"type": operation, "resource": resource}


def test_an_endpoint_that_a_killed_run_was_creating_is_adopted_if_it_is_there(aws: Aws, engine: Engine) -> None:
    deploy(1)
    engine.calls.clear()
    engine.state["deployment"]["pending_operations"] = [pending("aws:sagemaker/endpoint:Endpoint", URN)]
    deploy(1)
    assert "pending_operations" not in engine.imported[0]["deployment"]
    (adoption,) = engine.commands("import")
    assert adoption == [
        *("import", "aws:sagemaker/endpoint:Endpoint", "endpoint", NAME),
        *("--parent", f"parent={PARENT}", "--provider", f"provider={PROVIDER}"),
        *("--yes", "--skip-preview", "--generate-code=false", "--protect=false"),
    ]
    assert [call[0] for call in engine.calls].index("import") < [call[0] for call in engine.calls].index("up")


def test_an_endpoint_that_a_killed_run_did_not_create_is_forgotten(engine: Engine) -> None:
    engine.state["deployment"]["pending_operations"] = [pending("aws:sagemaker/endpoint:Endpoint", URN)]
    deploy(1)
    assert len(engine.imported) == 1
    assert engine.commands("import") == []


def with_shadow(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings.read(EXAMPLE)
    fleets = {name: replace(fleet, shadow_version=version) for name, fleet in read.fleets.items()}
    changed = replace(read, fleets=fleets)

    def read_changed(_: Path) -> settings.Settings:
        return changed

    monkeypatch.setattr(settings, "read", read_changed)


def test_a_shadow_is_released_like_the_version_that_answers(
    aws: Aws, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_shadow(2, monkeypatch)
    deploy(1)
    assert engine.configuration()["shadow"]["package_arn"] == PROJECT.package_arn(2)
    assert aws.release.released == [1, 2]


def test_a_version_cannot_be_its_own_shadow(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with_shadow(1, monkeypatch)
    with pytest.raises(SystemExit, match=r"cannot be its own shadow: change \[preprod\] shadow_version"):
        deploy(1)
    assert engine.calls == []


def test_an_unapproved_shadow_is_refused(aws: Aws, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with_shadow(2, monkeypatch)
    aws.release.versions[2] = f"{PROJECT.package_arn(2)} is Rejected, not Approved"
    with pytest.raises(SystemExit, match="/2 is Rejected, not Approved"):
        deploy(1)
    assert engine.calls == []


def test_the_test_reports_the_answers_of_the_endpoint(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    rows, truth = known_rows.read_rows(smoke.ROWS)
    known = {tuple(row): value for row, value in zip(rows, truth, strict=True)}
    answer: Callable[[list[list[str]]], str] = lambda asked: "".join(f"{known[tuple(row)]}\n" for row in asked)  # noqa: E731
    aws.runtime.predict = answer
    main(["test", "preprod"])
    assert summary.read_text() == capsys.readouterr().out
    allowed = settings.read(EXAMPLE).test.mean_absolute_error
    assert f"{len(rows)} rows, off by 0.00 on average (allowed {allowed:g})" in summary.read_text()
    assert aws.timeout == 10


def test_the_test_fails_when_an_answer_is_wrong(aws: Aws) -> None:
    highest = settings.read(EXAMPLE).test.highest
    answer: Callable[[list[list[str]]], str] = lambda asked: f"{highest}\n" * len(asked)  # noqa: E731
    aws.runtime.predict = answer
    with pytest.raises(SystemExit, match=f"error: {NAME} is off by ") as caught:
        main(["test", "preprod"])
    assert str(caught.value).splitlines()[1:] == [
        "  preprod serves this version all the same: `make rollback VERSION=N` deploys version N again"
    ]


def test_an_instance_type_that_the_account_does_not_allow_is_refused_before_anything_is_changed(
    aws: Aws, engine: Engine
) -> None:
    aws.ssm.instance_types = "ml.c5.large,ml.r5.large"
    with pytest.raises(
        SystemExit, match=r"\[preprod\] instance_type ml.m5.large .* use one of ml.c5.large, ml.r5.large"
    ):
        deploy(1)
    assert (engine.calls, aws.release.asked) == ([], [])


def test_a_retirement_asks_the_account_first(aws: Aws, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(1)
    engine.calls.clear()
    monkeypatch.setenv("RELEASED_BY", "former")
    aws.release.former = ("former",)
    with pytest.raises(SystemExit, match="may not"):
        main(["retire", "preprod"])
    assert engine.calls == []
    assert aws.sagemaker.endpoint


def test_a_retired_endpoint_is_gone_and_can_be_deployed_again(
    aws: Aws, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    engine.state["deployment"]["resources"] = [{"type": ENDPOINT, "urn": URN}]
    engine.calls.clear()
    main(["retire", "preprod"])
    assert [call[0] for call in engine.calls] == ["stack", "stack", "destroy"]
    assert engine.calls[-1][1:3] == ["--yes", "--refresh"]
    assert aws.sagemaker.endpoint is None
    assert "preprod serves nothing any more" in capsys.readouterr().out
    deploy(2)
    assert aws.sagemaker.endpoint


def test_an_endpoint_that_the_state_does_not_know_is_retired_all_the_same(
    aws: Aws, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    deploy(1)
    main(["retire", "preprod"])
    assert aws.sagemaker.endpoint is None
    assert f"deleting {NAME}, which the state does not know" in caplog.text


def test_retiring_what_does_not_serve_changes_nothing(aws: Aws, engine: Engine) -> None:
    main(["retire", "preprod"])
    main(["retire", "preprod"])
    assert aws.sagemaker.deleted == []


def test_a_retirement_that_fails_is_red_and_leaves_the_endpoint_to_the_next_run(aws: Aws, engine: Engine) -> None:
    deploy(1)
    engine.exit_code = 255
    with pytest.raises(SystemExit, match="pulumi destroy failed in preprod; its messages are above: run this again"):
        main(["retire", "preprod"])
    assert aws.sagemaker.endpoint


def test_a_retirement_with_credentials_of_another_account_is_refused(aws: Aws, engine: Engine) -> None:
    deploy(1)
    engine.calls.clear()
    with pytest.raises(SystemExit, match="these are credentials of account"):
        main(["retire", "prod"])
    assert engine.calls == []
