"""Creating and updating the stack, on a CloudFormation in memory."""

from typing import cast

import pytest

from bootstrap.account import Client
from bootstrap.errors import BootstrapError
from bootstrap.stack import DEADLINE_SECONDS, StackUpdater
from tests.bootstrap.fakes import CloudFormation

NAME = "analytics-dev-bootstrap"
PARAMETERS = {"Unit": "analytics"}
TAGS = {"unit": "analytics"}


class Clock:
    """A clock that advances only during pauses."""

    def __init__(self) -> None:
        self.now = 0.0

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def updater(cloudformation: CloudFormation, said: list[str] | None = None, clock: Clock | None = None) -> StackUpdater:
    clock = clock or Clock()
    lines: list[str] = [] if said is None else said
    return StackUpdater(
        cloudformation=cast("Client", cloudformation), name=NAME, report=lines.append, pause=clock.pause, clock=clock
    )


def test_a_stack_is_created_with_named_roles_allowed_and_protected_from_deletion() -> None:
    cloudformation = CloudFormation()
    assert updater(cloudformation).apply("template", PARAMETERS, TAGS) == "created"
    [(verb, request)] = cloudformation.requests
    assert verb == "create"
    assert request["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert request["EnableTerminationProtection"] is True
    assert request["Parameters"] == [{"ParameterKey": "Unit", "ParameterValue": "analytics"}]


def test_the_same_template_again_changes_nothing_and_says_so() -> None:
    cloudformation = CloudFormation()
    updater(cloudformation).apply("template", PARAMETERS, TAGS)
    assert updater(cloudformation).apply("template", PARAMETERS, TAGS) == "unchanged"


def test_another_template_updates_the_stack() -> None:
    cloudformation = CloudFormation()
    updater(cloudformation).apply("template", PARAMETERS, TAGS)
    assert updater(cloudformation).apply("newer template", PARAMETERS, TAGS) == "updated"


def test_a_stack_in_progress_is_awaited_before_it_is_updated() -> None:
    cloudformation = CloudFormation()
    cloudformation.stacks[NAME] = {"StackName": NAME, "StackStatus": "UPDATE_IN_PROGRESS"}
    cloudformation.settles_to[NAME] = (3, "UPDATE_COMPLETE")
    assert updater(cloudformation).apply("template", PARAMETERS, TAGS) == "updated"


def test_a_failure_names_the_resources_that_failed_and_not_those_that_were_cancelled() -> None:
    cloudformation = CloudFormation(
        ends_in="ROLLBACK_COMPLETE",
        reasons=[
            ("StateKey", "CREATE_FAILED", "You have reached the quota of keys"),
            ("StateBucket", "CREATE_FAILED", "Resource creation cancelled"),
            ("StateKey", "DELETE_COMPLETE", ""),
        ],
    )
    with pytest.raises(BootstrapError) as problem:
        updater(cloudformation).apply("template", PARAMETERS, TAGS)
    assert "ROLLBACK_COMPLETE" in str(problem.value)
    assert "StateKey: You have reached the quota of keys" in str(problem.value)
    assert "StateBucket" not in str(problem.value)


def test_a_failure_does_not_repeat_the_reasons_of_an_earlier_one() -> None:
    cloudformation = CloudFormation(events=[{"EventId": "old", "ResourceStatus": "UPDATE_FAILED"}])
    cloudformation.stacks[NAME] = {"StackName": NAME, "StackStatus": "UPDATE_ROLLBACK_COMPLETE"}
    cloudformation.ends_in = "UPDATE_ROLLBACK_COMPLETE"
    cloudformation.reasons = [("DeployRole", "UPDATE_FAILED", "Cannot exceed quota for PoliciesPerRole: 10")]
    with pytest.raises(BootstrapError) as problem:
        updater(cloudformation).apply("template", PARAMETERS, TAGS)
    assert str(problem.value).splitlines()[1:] == ["  DeployRole: Cannot exceed quota for PoliciesPerRole: 10"]


def test_a_creation_that_failed_can_be_repeated_although_its_record_is_protected() -> None:
    cloudformation = CloudFormation(ends_in="ROLLBACK_COMPLETE")
    with pytest.raises(BootstrapError, match="ended in ROLLBACK_COMPLETE"):
        updater(cloudformation).apply("template", PARAMETERS, TAGS)
    [failed] = cloudformation.stacks.values()
    assert failed["EnableTerminationProtection"] is True
    cloudformation.ends_in = None
    cloudformation.requests.clear()
    said: list[str] = []
    assert updater(cloudformation, said).apply("template", PARAMETERS, TAGS) == "created"
    assert [verb for verb, _ in cloudformation.requests] == ["unprotect", "delete", "create"]
    assert "removing its record" in said[0]
    [repeated] = cloudformation.stacks.values()
    assert (repeated["StackStatus"], repeated["EnableTerminationProtection"]) == ("CREATE_COMPLETE", True)
    assert repeated["StackId"] != failed["StackId"]


def test_an_attempt_that_stopped_between_unprotecting_and_deleting_the_record_can_be_resumed() -> None:
    cloudformation = CloudFormation()
    cloudformation.stacks[NAME] = {"StackName": NAME, "StackStatus": "ROLLBACK_COMPLETE"}
    assert updater(cloudformation).apply("template", PARAMETERS, TAGS) == "created"
    assert [verb for verb, _ in cloudformation.requests] == ["delete", "create"]


@pytest.mark.parametrize(("template", "outcome"), [("template", "unchanged"), ("newer template", "updated")])
def test_running_again_restores_termination_protection(template: str, outcome: str) -> None:
    cloudformation = CloudFormation()
    updater(cloudformation).apply("template", PARAMETERS, TAGS)
    cloudformation.stacks[NAME] |= {"EnableTerminationProtection": False}
    said: list[str] = []
    assert updater(cloudformation, said).apply(template, PARAMETERS, TAGS) == outcome
    assert cloudformation.stacks[NAME]["EnableTerminationProtection"] is True
    assert "could be deleted" in said[0]


def test_a_stack_that_is_protected_is_not_protected_again() -> None:
    cloudformation = CloudFormation()
    updater(cloudformation).apply("template", PARAMETERS, TAGS)
    updater(cloudformation).apply("template", PARAMETERS, TAGS)
    assert [verb for verb, _ in cloudformation.requests] == ["create", "update"]


def test_a_key_that_a_failed_creation_keeps_is_reported_with_advice() -> None:
    cloudformation = CloudFormation(
        ends_in="ROLLBACK_COMPLETE",
        reasons=[
            ("StateBucket", "CREATE_FAILED", "the bucket's name is taken"),
            ("StateKey", "DELETE_SKIPPED", ""),
        ],
    )
    with pytest.raises(BootstrapError) as problem:
        updater(cloudformation).apply("template", PARAMETERS, TAGS)
    assert "aws kms schedule-key-deletion --key-id the-StateKey" in str(problem.value)
    assert "kms:ScheduleKeyDeletion" in str(problem.value)


def test_an_update_that_keeps_a_key_gives_no_advice_to_delete_it() -> None:
    cloudformation = CloudFormation()
    updater(cloudformation).apply("template", PARAMETERS, TAGS)
    cloudformation.ends_in = "UPDATE_ROLLBACK_COMPLETE"
    cloudformation.reasons = [("StateKey", "DELETE_SKIPPED", "")]
    with pytest.raises(BootstrapError, match="ended in UPDATE_ROLLBACK_COMPLETE") as problem:
        updater(cloudformation).apply("newer template", PARAMETERS, TAGS)
    assert "schedule-key-deletion" not in str(problem.value)


STUCK = [
    ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name analytics-dev-bootstrap"),
    ("UPDATE_FAILED", "aws cloudformation rollback-stack --stack-name analytics-dev-bootstrap"),
    *(
        (status, "aws cloudformation update-termination-protection --no-enable-termination-protection")
        for status in ("CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED")
    ),
    ("IMPORT_ROLLBACK_FAILED", "in the CloudFormation console"),
]


@pytest.mark.parametrize(("status", "command"), STUCK)
def test_a_stuck_stack_is_left_unchanged_and_reported_with_advice(status: str, command: str) -> None:
    cloudformation = CloudFormation()
    cloudformation.stacks[NAME] = {
        "StackName": NAME,
        "StackStatus": status,
        "StackStatusReason": "StateKey did not stabilise",
    }
    with pytest.raises(BootstrapError, match="StateKey did not stabilise") as problem:
        updater(cloudformation).apply("template", PARAMETERS, TAGS)
    assert command in str(problem.value)
    assert cloudformation.requests == []


@pytest.mark.parametrize(("status", "command"), [STUCK[0], STUCK[3]])
def test_an_attempt_that_leaves_a_stuck_stack_ends_with_advice(status: str, command: str) -> None:
    cloudformation = CloudFormation()
    if status.startswith("UPDATE"):
        updater(cloudformation).apply("template", PARAMETERS, TAGS)
    cloudformation.ends_in = status
    cloudformation.reasons = [("StateKey", "DELETE_FAILED", "not authorized to perform: kms:ScheduleKeyDeletion")]
    with pytest.raises(BootstrapError, match="not authorized to perform") as problem:
        updater(cloudformation).apply("newer template", PARAMETERS, TAGS)
    assert command in str(problem.value)
    assert "rolled back to its previous state" not in str(problem.value)


def test_waiting_ends_at_the_deadline() -> None:
    cloudformation = CloudFormation(requests_until_settled=100_000)
    clock = Clock()
    with pytest.raises(BootstrapError, match="still in CREATE_IN_PROGRESS after 30 minutes"):
        updater(cloudformation, clock=clock).apply("template", PARAMETERS, TAGS)
    assert DEADLINE_SECONDS < clock.now < DEADLINE_SECONDS + 10
