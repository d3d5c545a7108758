"""The scheduled sweep: approvals whose events were lost, deployments that were begun, and nothing else."""

import json
import logging

import pytest

from functions.deployment_trigger.errors import SweepError
from functions.shared.github_api.errors import OutcomeUnknownError
from tests.functions.deployment_trigger.world import (
    ACCOUNT,
    BUCKET,
    PROJECT_ID,
    REGION,
    REPOSITORY,
    Crash,
    World,
    arn,
    error,
)

OTHER_ID = "p-zzzzzzzzzzzz"
OTHER = f"/mlops/analytics/dev/projects/{OTHER_ID}/deployment-repository"
CHURN = f"acme/mlops-churn-{OTHER_ID}-model-deployment-realtime"


@pytest.fixture
def world() -> World:
    """One version, approved; nobody delivers the event."""
    world = World()
    world.sagemaker.register(1)
    world.approve()
    return world


def test_an_approval_whose_event_was_lost_is_deployed(world: World) -> None:
    [made] = world.sweep()

    assert (made.decision, made.model_package_arn) == ("dispatched", arn(1))
    assert world.dispatched == [arn(1)]


def test_a_second_sweep_finds_nothing_to_do(world: World) -> None:
    world.sweep()

    assert world.sweep("sweep-2") == []
    assert world.dispatched == [arn(1)]


def test_an_event_that_comes_after_the_sweep_deploys_nothing(world: World) -> None:
    world.sweep()

    assert world.deliver().decision == "skipped"
    assert world.dispatched == [arn(1)]


def test_what_an_event_deployed_is_not_deployed_by_the_sweep(world: World) -> None:
    world.deliver()

    assert world.sweep() == []
    assert world.dispatched == [arn(1)]


def test_an_approval_whose_event_may_still_come_is_left_alone(world: World) -> None:
    assert world.sweep(after=60) == []
    assert world.records() == {}


def test_of_several_lost_approvals_the_latest_is_deployed(world: World) -> None:
    for version in (2, 3):
        world.sagemaker.register(version)
        world.approve(version)
    world.clock.now += 60
    world.approve(2)

    made = world.sweep()

    assert world.dispatched == [arn(2)]
    assert [(each.decision, each.model_package_arn) for each in made] == [
        ("dispatched", arn(2)),
        ("superseded", arn(3)),
        ("superseded", arn(1)),
    ]
    assert world.sweep("sweep-2") == []


def test_a_lost_approval_that_is_older_than_what_was_deployed_is_superseded(world: World) -> None:
    world.sagemaker.register(2)
    world.approve(2)
    world.deliver(2)

    [made] = world.sweep()

    assert (made.decision, made.model_package_arn) == ("superseded", arn(1))
    assert world.dispatched == [arn(2)]
    assert world.sweep("sweep-2") == []


def test_a_superseded_version_whose_description_changes_is_not_deployed(world: World) -> None:
    world.sagemaker.register(2)
    world.approve(2)
    world.deliver(2)
    world.sweep()
    world.sagemaker.update(1, ModelPackageDescription="the first one")
    world.deliver(1, request_id="request-2", changed=["ModelPackageDescription"])

    assert world.sweep("sweep-2") == []
    assert world.dispatched == [arn(2)]


def test_a_lost_approval_is_found_although_the_description_changed_since(world: World) -> None:
    world.sagemaker.update(1, ModelPackageDescription="the first one")
    world.deliver(changed=["ModelPackageDescription"])
    assert world.records() == {}

    world.sweep()

    assert world.dispatched == [arn(1)]


def test_a_change_after_the_newest_deployment_does_not_hide_a_later_lost_approval(world: World) -> None:
    world.deliver()
    world.sagemaker.register(2)
    world.approve(2)
    world.sagemaker.update(1, ModelPackageDescription="the first one")
    world.deliver(1, request_id="request-2", changed=["ModelPackageDescription"])

    world.sweep()

    assert world.dispatched == [arn(1), arn(2)]


def test_a_lost_second_approval_of_the_same_version_is_found(world: World) -> None:
    world.deliver()
    world.sagemaker.update(1, ModelApprovalStatus="Rejected")
    world.clock.now += 60
    world.approve()

    world.sweep()

    assert world.dispatched == [arn(1), arn(1)]


def test_a_version_that_is_rejected_while_the_sweep_looks_is_not_deployed(world: World) -> None:
    listed = world.sagemaker.list_model_packages

    def reject_then(**arguments: object) -> object:
        found = listed(**arguments)
        world.sagemaker.update(1, ModelApprovalStatus="Rejected")
        return found

    world.sagemaker.list_model_packages = reject_then  # pyright: ignore[reportAttributeAccessIssue]

    [made] = world.sweep()

    assert (made.decision, made.reason) == ("refused", "its approval status is Rejected, not Approved")
    assert world.dispatched == []


def begin(world: World) -> None:
    def crash(what: str) -> None:
        raise Crash

    world.s3.after = crash
    with pytest.raises(Crash):
        world.deliver()
    world.s3.after = lambda what: None
    assert world.states() == ["claimed"]


def test_a_deployment_that_nobody_finished_is_finished(world: World) -> None:
    begin(world)

    [made] = world.sweep()

    assert made.decision == "dispatched"
    assert world.dispatched == [arn(1)]
    assert world.states() == ["dispatched"]


def test_a_deployment_that_nobody_finished_is_finished_once_although_the_version_was_changed(world: World) -> None:
    begin(world)
    world.sagemaker.update(1, ModelPackageDescription="the first one")
    world.deliver(request_id="request-2", changed=["ModelPackageDescription"])

    world.sweep()

    assert len(world.github.runs) == 1


def test_a_deployment_that_may_still_be_running_is_left_alone(world: World) -> None:
    begin(world)

    assert world.sweep(after=200) == []
    assert world.states() == ["claimed"]


def test_a_deployment_that_nobody_finished_is_closed_when_the_approval_was_taken_back(world: World) -> None:
    begin(world)
    world.sagemaker.update(1, ModelApprovalStatus="Rejected")

    [made] = world.sweep()

    assert (made.decision, world.states()) == ("refused", ["refused"])
    assert world.sweep("sweep-2") == []


def test_a_refused_approval_is_not_tried_again_every_quarter_of_an_hour(world: World) -> None:
    world.sagemaker.update(1, InferenceSpecification={"Containers": []})

    assert [made.decision for made in world.sweep()] == ["refused"]
    assert world.sweep("sweep-2") == []


def test_a_project_without_models_is_nothing_to_worry_about(world: World) -> None:
    world.sagemaker.packages.clear()

    assert world.sweep() == []


def test_other_objects_and_parameters_are_ignored(world: World) -> None:
    world.ssm.values["/mlops/analytics/dev/projects/template-cloner-arn"] = "arn:aws:lambda:…"
    world.s3.put(BUCKET, "deployments/README.md")
    world.s3.put(BUCKET, "deployments/1/notes.json")

    assert [made.decision for made in world.sweep()] == ["dispatched"]


def test_one_project_s_failure_does_not_stop_the_others_and_is_named(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.ssm.values = {OTHER: CHURN, **world.ssm.values}
    listed = world.sagemaker.list_model_packages

    def fail_for_churn(**arguments: object) -> object:
        if str(arguments["ModelPackageGroupName"]).startswith("churn"):
            raise error("ThrottlingException")
        return listed(**arguments)

    world.sagemaker.list_model_packages = fail_for_churn  # pyright: ignore[reportAttributeAccessIssue]

    with pytest.raises(SweepError, match=rf"failed for {CHURN}: "):
        world.sweep()

    assert world.dispatched == [arn(1)]
    assert "ThrottlingException" in caplog.text


def add_churn(world: World) -> str:
    """Another project with one version, approved when the first one was; the ARN of the version."""
    world.ssm.values[OTHER] = CHURN
    package_arn = arn(1, group=f"churn-{OTHER_ID}")
    bucket = f"analytics-dev-{OTHER_ID}-{ACCOUNT}-{REGION}"
    world.s3.put(bucket, "model.tar.gz")
    world.sagemaker.packages[package_arn] = {
        **world.sagemaker.packages[arn(1)],
        "ModelPackageArn": package_arn,
        "InferenceSpecification": {"Containers": [{"ModelDataUrl": f"s3://{bucket}/model.tar.gz"}]},
    }
    return package_arn


@pytest.mark.parametrize("started", [False, True], ids=["an event that was lost", "a deployment that was begun"])
def test_a_workflow_that_github_does_not_start_is_tried_once_and_takes_no_other_project_s_time(
    world: World, started: bool
) -> None:
    """A file that was renamed or disabled; every project after it has its turn, and its name is told."""
    if started:
        begin(world)
    churn = add_churn(world)
    world.github.broken = {REPOSITORY}
    world.clock.now += 900
    begun = world.clock.now

    with pytest.raises(SweepError, match=rf"failed for {REPOSITORY}: "):
        world.sweep(after=0)

    assert world.clock.now == begun
    assert (world.github.refused, world.dispatched) == (1, [churn])


def test_a_workflow_that_is_mended_is_started_by_the_next_sweep(world: World) -> None:
    world.github.broken = {REPOSITORY}
    with pytest.raises(SweepError):
        world.sweep()
    world.github.broken = set()

    [made] = world.sweep("sweep-2")

    assert (made.decision, world.dispatched, world.states()) == ("dispatched", [arn(1)], ["dispatched"])


def test_a_dispatch_of_the_sweep_without_an_answer_is_looked_for_by_the_next_one(world: World) -> None:
    def lose_the_answer() -> None:
        raise OutcomeUnknownError("502")

    world.github.after = lose_the_answer
    world.clock.now += 900
    begun = world.clock.now

    with pytest.raises(SweepError, match=rf"failed for {REPOSITORY}: "):
        world.sweep(after=0)
    assert (world.clock.now, world.states()) == (begun, ["claimed"])

    [made] = world.sweep("sweep-2")
    assert (made.reason, world.dispatched) == ("its run was started before", [arn(1)])


def test_each_project_has_its_own_bucket_and_repository(world: World) -> None:
    package_arn = add_churn(world)

    assert world.deliver(package_arn=package_arn).decision == "dispatched"

    assert world.github.runs[0]["repository"] == CHURN != REPOSITORY
    assert {bucket for bucket, key in world.s3.objects if key.startswith("deployments/")} == {
        f"analytics-dev-{OTHER_ID}-{ACCOUNT}-{REGION}"
    }
    assert PROJECT_ID not in json.dumps(world.github.runs)


def test_the_sweep_s_decisions_are_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    world.sweep()

    [line] = [json.loads(message) for message in caplog.messages]
    assert line["decision"] == "dispatched"
