"""The scheduled sweep: approvals whose events were lost, deployments that were begun, and nothing else."""

import json
import logging

import pytest

from functions.deployment_trigger.errors import SweepError
from functions.shared.github_api.errors import OutcomeUnknownError
from tests.functions.deployment_trigger.fakes import (
    ACCOUNT,
    BUCKET,
    NOTED,
    PROJECT_ID,
    REGION,
    REPOSITORY,
    SERVING,
    Crash,
    Fakes,
    arn,
    described,
    error,
    evidence,
)

OTHER_ID = "p-zzzzzzzzzzzz"
OTHER = f"/mlops/analytics/dev/projects/{OTHER_ID}/deployment-repository"
CHURN = f"acme/mlops-churn-{OTHER_ID}-model-deployment-realtime"


@pytest.fixture
def fakes() -> Fakes:
    """One version, approved, whose event is not delivered."""
    fakes = Fakes()
    fakes.sagemaker.register(1)
    fakes.approve()
    return fakes


def test_an_approval_whose_event_was_lost_is_deployed(fakes: Fakes) -> None:
    [made] = fakes.sweep()

    assert (made.decision, made.model_package_arn) == ("dispatched", arn(1))
    assert fakes.dispatched == [arn(1)]


def test_a_second_sweep_finds_nothing_to_do(fakes: Fakes) -> None:
    fakes.sweep()

    assert fakes.sweep("sweep-2") == []
    assert fakes.dispatched == [arn(1)]


def test_noting_what_production_serves_deploys_nothing_although_its_event_was_lost(fakes: Fakes) -> None:
    fakes.deliver()
    fakes.sagemaker.update(1, ModelLifeCycle=SERVING, LastModifiedBy={"IamIdentity": {"Arn": NOTED}})
    fakes.clock.now += 1000

    fakes.sweep()

    assert fakes.dispatched == [arn(1)]


def test_an_event_that_comes_after_the_sweep_deploys_nothing(fakes: Fakes) -> None:
    fakes.sweep()

    assert fakes.deliver().decision == "skipped"
    assert fakes.dispatched == [arn(1)]


def test_a_version_that_an_event_deployed_is_not_deployed_by_the_sweep(fakes: Fakes) -> None:
    fakes.deliver()

    assert fakes.sweep() == []
    assert fakes.dispatched == [arn(1)]


def test_an_approval_whose_event_may_still_come_is_left_alone(fakes: Fakes) -> None:
    assert fakes.sweep(after=60) == []
    assert fakes.records() == {}


def test_of_several_lost_approvals_the_latest_is_deployed(fakes: Fakes) -> None:
    for version in (2, 3):
        fakes.sagemaker.register(version)
        fakes.approve(version)
    fakes.clock.now += 60
    fakes.approve(2)

    made = fakes.sweep()

    assert fakes.dispatched == [arn(2)]
    assert [(each.decision, each.model_package_arn) for each in made] == [
        ("dispatched", arn(2)),
        ("superseded", arn(3)),
        ("superseded", arn(1)),
    ]
    assert fakes.sweep("sweep-2") == []


def test_a_lost_approval_that_is_older_than_what_was_deployed_is_superseded(fakes: Fakes) -> None:
    fakes.sagemaker.register(2)
    fakes.approve(2)
    fakes.deliver(2)

    [made] = fakes.sweep()

    assert (made.decision, made.model_package_arn) == ("superseded", arn(1))
    assert fakes.dispatched == [arn(2)]
    assert fakes.sweep("sweep-2") == []


def test_a_superseded_version_whose_description_changes_is_not_deployed(fakes: Fakes) -> None:
    fakes.sagemaker.register(2)
    fakes.approve(2)
    fakes.deliver(2)
    fakes.sweep()
    fakes.sagemaker.update(1, ApprovalDescription="the first one")
    fakes.deliver(1, request_id="request-2", changed=["ModelPackageDescription"])

    assert fakes.sweep("sweep-2") == []
    assert fakes.dispatched == [arn(2)]


def test_a_lost_approval_is_found_although_the_description_changed_since(fakes: Fakes) -> None:
    fakes.sagemaker.update(1, ApprovalDescription="the first one")
    fakes.deliver(changed=["ModelPackageDescription"])
    assert fakes.records() == {}

    fakes.sweep()

    assert fakes.dispatched == [arn(1)]


def test_a_change_after_the_newest_deployment_does_not_hide_a_later_lost_approval(fakes: Fakes) -> None:
    fakes.deliver()
    fakes.sagemaker.register(2)
    fakes.approve(2)
    fakes.sagemaker.update(1, ApprovalDescription="the first one")
    fakes.deliver(1, request_id="request-2", changed=["ModelPackageDescription"])

    fakes.sweep()

    assert fakes.dispatched == [arn(1), arn(2)]


def test_a_lost_second_approval_of_the_same_version_is_found(fakes: Fakes) -> None:
    fakes.deliver()
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")
    fakes.clock.now += 60
    fakes.approve()

    fakes.sweep()

    assert fakes.dispatched == [arn(1), arn(1)]


def test_a_version_that_is_rejected_during_the_sweep_is_not_deployed(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = fakes.sagemaker.list_model_packages

    def reject_then(**arguments: object) -> object:
        found = listed(**arguments)
        fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")
        return found

    monkeypatch.setattr(fakes.sagemaker, "list_model_packages", reject_then)

    [made] = fakes.sweep()

    assert (made.decision, made.reason) == ("refused", "its approval status is Rejected, not Approved")
    assert fakes.dispatched == []


def begin(fakes: Fakes) -> None:
    def crash(what: str) -> None:
        raise Crash

    fakes.s3.after = crash
    with pytest.raises(Crash):
        fakes.deliver()
    fakes.s3.after = lambda what: None
    assert fakes.states() == ["claimed"]


def test_an_unfinished_deployment_is_finished(fakes: Fakes) -> None:
    begin(fakes)

    [made] = fakes.sweep()

    assert made.decision == "dispatched"
    assert fakes.dispatched == [arn(1)]
    assert fakes.states() == ["dispatched"]


def test_an_unfinished_deployment_is_finished_once_although_the_version_was_changed(fakes: Fakes) -> None:
    begin(fakes)
    fakes.sagemaker.update(1, ApprovalDescription="the first one")
    fakes.deliver(request_id="request-2", changed=["ModelPackageDescription"])

    fakes.sweep()

    assert len(fakes.github.runs) == 1


def test_a_deployment_that_may_still_be_running_is_left_alone(fakes: Fakes) -> None:
    begin(fakes)

    assert fakes.sweep(after=200) == []
    assert fakes.states() == ["claimed"]


def test_an_unfinished_deployment_is_closed_when_the_approval_was_withdrawn(fakes: Fakes) -> None:
    begin(fakes)
    fakes.sagemaker.update(1, ModelApprovalStatus="Rejected")

    [made] = fakes.sweep()

    assert (made.decision, fakes.states()) == ("refused", ["refused"])
    assert fakes.sweep("sweep-2") == []


def test_a_refused_approval_is_not_tried_again_every_quarter_of_an_hour(fakes: Fakes) -> None:
    fakes.sagemaker.update(1, InferenceSpecification={"Containers": []})

    assert [made.decision for made in fakes.sweep()] == ["refused"]
    assert fakes.sweep("sweep-2") == []


def test_a_project_without_models_is_nothing_to_worry_about(fakes: Fakes) -> None:
    fakes.sagemaker.packages.clear()

    assert fakes.sweep() == []


def test_other_objects_and_parameters_are_ignored(fakes: Fakes) -> None:
    fakes.ssm.values["/mlops/analytics/dev/projects/template-cloner-arn"] = "arn:aws:lambda:…"
    fakes.s3.put(BUCKET, "deployments/README.md")
    fakes.s3.put(BUCKET, "deployments/1/notes.json")

    assert [made.decision for made in fakes.sweep()] == ["dispatched"]


def test_one_project_s_failure_does_not_stop_the_others_and_is_named(
    fakes: Fakes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.ssm.values = {OTHER: CHURN, **fakes.ssm.values}
    listed = fakes.sagemaker.list_model_packages

    def fail_for_churn(**arguments: object) -> object:
        if str(arguments["ModelPackageGroupName"]).startswith("churn"):
            raise error("ThrottlingException")
        return listed(**arguments)

    monkeypatch.setattr(fakes.sagemaker, "list_model_packages", fail_for_churn)

    with pytest.raises(SweepError, match=rf"failed for {CHURN}: "):
        fakes.sweep()

    assert fakes.dispatched == [arn(1)]
    assert "ThrottlingException" in caplog.text


def add_churn(fakes: Fakes) -> str:
    """Add another project with one approved version, and return the version's ARN."""
    fakes.ssm.values[OTHER] = CHURN
    package_arn = arn(1, group=f"churn-{OTHER_ID}")
    bucket = f"analytics-dev-{OTHER_ID}-{ACCOUNT}-{REGION}"
    fakes.s3.put(bucket, "model.tar.gz")
    container = {"ModelDataUrl": f"s3://{bucket}/model.tar.gz"}
    fakes.sagemaker.packages[package_arn] = {
        **fakes.sagemaker.packages[arn(1)],
        "ModelPackageArn": package_arn,
        "InferenceSpecification": {"Containers": [container]},
        "ModelPackageDescription": described(evidence(container)),
        "ModelMetrics": {},
    }
    return package_arn


@pytest.mark.parametrize("started", [False, True], ids=["an event that was lost", "a deployment that was begun"])
def test_a_workflow_that_github_does_not_start_is_tried_once_and_takes_no_other_project_s_time(
    fakes: Fakes, started: bool
) -> None:
    """Its file was renamed or disabled; the projects after it are swept, and its repository is named."""
    if started:
        begin(fakes)
    churn = add_churn(fakes)
    fakes.github.broken = {REPOSITORY}
    fakes.clock.now += 900
    begun = fakes.clock.now

    with pytest.raises(SweepError, match=rf"failed for {REPOSITORY}: "):
        fakes.sweep(after=0)

    assert fakes.clock.now == begun
    assert (fakes.github.refused, fakes.dispatched) == (1, [churn])


def test_a_workflow_that_is_mended_is_started_by_the_next_sweep(fakes: Fakes) -> None:
    fakes.github.broken = {REPOSITORY}
    with pytest.raises(SweepError):
        fakes.sweep()
    fakes.github.broken = set()

    [made] = fakes.sweep("sweep-2")

    assert (made.decision, fakes.dispatched, fakes.states()) == ("dispatched", [arn(1)], ["dispatched"])


def test_the_next_sweep_finds_the_run_of_a_dispatch_without_an_answer(fakes: Fakes) -> None:
    def lose_the_answer() -> None:
        raise OutcomeUnknownError("502")

    fakes.github.after = lose_the_answer
    fakes.clock.now += 900
    begun = fakes.clock.now

    with pytest.raises(SweepError, match=rf"failed for {REPOSITORY}: "):
        fakes.sweep(after=0)
    assert (fakes.clock.now, fakes.states()) == (begun, ["claimed"])

    [made] = fakes.sweep("sweep-2")
    assert (made.reason, fakes.dispatched) == ("its run was started before", [arn(1)])


def test_each_project_has_its_own_bucket_and_repository(fakes: Fakes) -> None:
    package_arn = add_churn(fakes)

    assert fakes.deliver(package_arn=package_arn).decision == "dispatched"

    assert fakes.github.runs[0]["repository"] == CHURN != REPOSITORY
    assert {bucket for bucket, key in fakes.s3.objects if key.startswith("deployments/")} == {
        f"analytics-dev-{OTHER_ID}-{ACCOUNT}-{REGION}"
    }
    assert PROJECT_ID not in json.dumps(fakes.github.runs)


def test_the_sweep_s_decisions_are_logged(fakes: Fakes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    fakes.sweep()

    [line] = [json.loads(message) for message in caplog.messages]
    assert line["decision"] == "dispatched"


def test_the_sweep_fails_once_for_what_was_not_evaluated_and_goes_on_with_other_projects(fakes: Fakes) -> None:
    churn = add_churn(fakes)
    fakes.s3.put(BUCKET, "pipelines/run/output/model.tar.gz", b"never evaluated")

    with pytest.raises(SweepError, match=REPOSITORY):
        fakes.sweep()

    assert fakes.dispatched == [churn]
    assert [made.decision for made in fakes.sweep("sweep-2")] == []


def with_many_projects(fakes: Fakes, monkeypatch: pytest.MonkeyPatch, seconds_each: float) -> list[str]:
    """Add 199 projects, each of which takes so long to sweep; return the groups of those that are looked at."""
    looked_at: list[str] = []
    listed = fakes.sagemaker.list_model_packages
    for number in range(199):
        project_id = f"p-{number:012d}"
        name = f"/mlops/analytics/dev/projects/{project_id}/deployment-repository"
        fakes.ssm.values[name] = f"acme/mlops-many-{project_id}-model-deployment-realtime"

    def list_slowly(**arguments: object) -> object:
        looked_at.append(str(arguments["ModelPackageGroupName"]))
        fakes.clock.now += seconds_each
        return listed(**arguments)

    monkeypatch.setattr(fakes.sagemaker, "list_model_packages", list_slowly)
    return looked_at


def test_two_hundred_projects_are_swept_one_after_the_other(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = with_many_projects(fakes, monkeypatch, seconds_each=0.5)

    assert [made.decision for made in fakes.sweep()] == ["dispatched"]

    assert len(looked_at) == len(set(looked_at)) == 200


def test_projects_for_which_a_sweep_has_no_time_are_left_to_the_next_ones_each_in_its_turn(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Half of them, here; a sweep that always began with the same ones would never reach the others."""
    looked_at = with_many_projects(fakes, monkeypatch, seconds_each=2)

    fakes.sweep()

    assert len(looked_at) == len(set(looked_at)) == 101
    assert "99 projects are left to the next sweeps: there was no time for them" in caplog.text
    for each in range(10):
        fakes.sweep(f"sweep-{each}")
    assert len(set(looked_at)) > 190
