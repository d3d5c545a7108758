"""Creating and updating the stack, on a CloudFormation in memory."""

from typing import cast

import pytest

from bootstrap.account import Client
from bootstrap.problem import ProblemError
from bootstrap.stack import DEADLINE_SECONDS, StackKeeper
from tests.bootstrap.fakes import CloudFormation

NAME = "analytics-dev-bootstrap"
PARAMETERS = {"Unit": "analytics"}
TAGS = {"unit": "analytics"}


class Clock:
    """Time passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def keeper(cloudformation: CloudFormation, said: list[str] | None = None, clock: Clock | None = None) -> StackKeeper:
    clock = clock or Clock()
    lines: list[str] = [] if said is None else said
    return StackKeeper(
        cloudformation=cast("Client", cloudformation), name=NAME, report=lines.append, pause=clock.pause, clock=clock
    )


def test_a_stack_is_created_with_named_roles_allowed_and_protected_from_deletion() -> None:
    cloudformation = CloudFormation()
    assert keeper(cloudformation).apply("template", PARAMETERS, TAGS) == "created"
    [(verb, request)] = cloudformation.requests
    assert verb == "create"
    assert request["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert request["EnableTerminationProtection"] is True
    assert request["Parameters"] == [{"ParameterKey": "Unit", "ParameterValue": "analytics"}]


def test_the_same_template_again_changes_nothing_and_says_so() -> None:
    cloudformation = CloudFormation()
    keeper(cloudformation).apply("template", PARAMETERS, TAGS)
    assert keeper(cloudformation).apply("template", PARAMETERS, TAGS) == "unchanged"


def test_another_template_updates_the_stack() -> None:
    cloudformation = CloudFormation()
    keeper(cloudformation).apply("template", PARAMETERS, TAGS)
    assert keeper(cloudformation).apply("newer template", PARAMETERS, TAGS) == "updated"


def test_a_stack_in_motion_is_waited_for_before_it_is_updated() -> None:
    cloudformation = CloudFormation()
    cloudformation.stacks[NAME] = {"StackName": NAME, "StackStatus": "UPDATE_IN_PROGRESS"}
    cloudformation.settles_to[NAME] = (3, "UPDATE_COMPLETE")
    assert keeper(cloudformation).apply("template", PARAMETERS, TAGS) == "updated"


def test_a_failure_names_the_resources_that_failed_and_not_those_that_were_stopped() -> None:
    cloudformation = CloudFormation(
        ends_in="ROLLBACK_COMPLETE",
        reasons=[
            ("StateKey", "CREATE_FAILED", "You have reached the quota of keys"),
            ("StateBucket", "CREATE_FAILED", "Resource creation cancelled"),
            ("StateKey", "DELETE_COMPLETE", ""),
        ],
    )
    with pytest.raises(ProblemError) as problem:
        keeper(cloudformation).apply("template", PARAMETERS, TAGS)
    assert "ROLLBACK_COMPLETE" in str(problem.value)
    assert "StateKey: You have reached the quota of keys" in str(problem.value)
    assert "StateBucket" not in str(problem.value)


def test_a_failure_does_not_repeat_the_reasons_of_an_earlier_one() -> None:
    cloudformation = CloudFormation(events=[{"EventId": "old", "ResourceStatus": "UPDATE_FAILED"}])
    cloudformation.stacks[NAME] = {"StackName": NAME, "StackStatus": "UPDATE_ROLLBACK_COMPLETE"}
    cloudformation.ends_in = "UPDATE_ROLLBACK_COMPLETE"
    cloudformation.reasons = [("DeployRole", "UPDATE_FAILED", "Cannot exceed quota for PoliciesPerRole: 10")]
    with pytest.raises(ProblemError) as problem:
        keeper(cloudformation).apply("template", PARAMETERS, TAGS)
    assert str(problem.value).splitlines()[1:] == ["  DeployRole: Cannot exceed quota for PoliciesPerRole: 10"]


def test_the_record_of_a_failed_creation_is_removed_and_the_stack_created() -> None:
    cloudformation = CloudFormation()
    cloudformation.stacks[NAME] = {"StackName": NAME, "StackStatus": "ROLLBACK_COMPLETE"}
    said: list[str] = []
    assert keeper(cloudformation, said).apply("template", PARAMETERS, TAGS) == "created"
    assert [verb for verb, _ in cloudformation.requests] == ["delete", "create"]
    assert "removing its record" in said[0]


def test_a_stack_that_is_stuck_is_left_alone_and_explained() -> None:
    cloudformation = CloudFormation()
    cloudformation.stacks[NAME] = {
        "StackName": NAME,
        "StackStatus": "UPDATE_ROLLBACK_FAILED",
        "StackStatusReason": "StateKey did not stabilise",
    }
    with pytest.raises(ProblemError, match="StateKey did not stabilise") as problem:
        keeper(cloudformation).apply("template", PARAMETERS, TAGS)
    assert "continue the rollback" in str(problem.value)
    assert cloudformation.requests == []


def test_waiting_ends_at_the_deadline() -> None:
    cloudformation = CloudFormation(looks_until_settled=100_000)
    clock = Clock()
    with pytest.raises(ProblemError, match="still in CREATE_IN_PROGRESS after 30 minutes"):
        keeper(cloudformation, clock=clock).apply("template", PARAMETERS, TAGS)
    assert DEADLINE_SECONDS < clock.now < DEADLINE_SECONDS + 10
