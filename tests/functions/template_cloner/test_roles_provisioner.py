"""Making the roles that a project deploys with, and taking away what was deployed, against an account in memory."""

from dataclasses import replace

import pytest

from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import DeadlinePassedError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.roles_provisioner import RolesProvisioner, next_step
from functions.template_cloner.roles_stacks import RolesStack
from functions.template_cloner.workload_account import WorkloadAccount
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.fake_account import ARNS, LAUNCH, ROLES, Crash, MemoryAccount
from tests.functions.template_cloner.fakes import MemoryStacks

GONE: tuple[dict[str, RolesStack], dict[str, str], set[str]] = ({}, {}, set())
NAME = "analytics-prod-p-abcdefghijkl"


class Scene:
    """A launch that waits, and the account that it wants roles in."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.account = MemoryAccount(self.clock)
        self.stacks = MemoryStacks()

    def provisioner(self, *, launch: str = LAUNCH, seconds: float = 280.0) -> RolesProvisioner:
        deadline = Deadline(
            at=self.clock.now + seconds, advice="delete the project again", now=self.clock, sleep=self.clock.sleep
        )
        return RolesProvisioner(
            account=WorkloadAccount(roles=self.account, deployments=self.account),
            stacks=self.stacks,
            deadline=deadline,
            stack_id=launch,
        )

    def refused(self, *, launch: str = LAUNCH) -> str:
        with pytest.raises(LaunchError) as error:
            self.provisioner(launch=launch).provision(ROLES)
        return str(error.value)

    def roll_back(self) -> None:
        """Roll back, as CloudFormation does after a failed Create."""
        self.stacks.current = "ROLLBACK_IN_PROGRESS"
        self.provisioner().remove(ROLES)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_roles_are_made_by_one_stack(scene: Scene) -> None:
    assert scene.provisioner().provision(ROLES) == ARNS

    assert scene.account.changes == ["create_stack"]
    assert scene.account.stacks[NAME].launch == LAUNCH


def test_a_request_that_comes_twice_changes_nothing_and_is_answered_the_same(scene: Scene) -> None:
    first = scene.provisioner().provision(ROLES)
    second = scene.provisioner().provision(ROLES)

    assert first == second
    assert scene.account.changes == ["create_stack", "update_stack"]
    assert scene.account.stacks[NAME].status == "CREATE_COMPLETE"


def test_a_request_that_was_killed_half_way_is_finished_by_the_next(scene: Scene) -> None:
    scene.account.crash_after = 1
    with pytest.raises(Crash):
        scene.provisioner().provision(ROLES)

    assert scene.provisioner().provision(ROLES) == ARNS
    assert scene.account.changes.count("create_stack") == 1


def test_a_request_that_was_killed_half_way_is_removed_by_the_rollback(scene: Scene) -> None:
    scene.account.crash_after = 1
    with pytest.raises(Crash):
        scene.provisioner().provision(ROLES)

    scene.roll_back()

    assert scene.account.left() == GONE


def test_two_requests_at_once_make_one_stack(scene: Scene) -> None:
    def other(what: str) -> None:
        scene.account.before_change = lambda _: None
        assert scene.provisioner().provision(ROLES) == ARNS

    scene.account.before_change = other

    assert scene.provisioner().provision(ROLES) == ARNS
    assert list(scene.account.stacks) == [NAME]


def test_a_newer_template_changes_the_roles(scene: Scene) -> None:
    scene.provisioner().provision(ROLES)
    scene.account.template = "two"
    scene.stacks.current = "UPDATE_IN_PROGRESS"

    assert scene.provisioner().provision(ROLES) == ARNS

    assert scene.account.stacks[NAME].status == "UPDATE_COMPLETE"


def test_an_update_that_meets_another_waits_for_it(scene: Scene) -> None:
    scene.provisioner().provision(ROLES)
    scene.account.template = "two"

    def other(what: str) -> None:
        scene.account.before_change = lambda _: None
        scene.account.update_stack(ROLES, LAUNCH)

    scene.account.before_change = other

    assert scene.provisioner().provision(ROLES) == ARNS
    assert scene.account.changes == ["create_stack", *["update_stack"] * 3]


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_a_stack_whose_creation_failed_is_deleted_and_created_again(scene: Scene, status: str) -> None:
    scene.account.stacks[NAME] = RolesStack(status=status, reason="", launch=LAUNCH, outputs={})

    assert scene.provisioner().provision(ROLES) == ARNS

    assert scene.account.changes == ["delete_stack", "create_stack"]


def test_a_stack_that_cannot_be_made_fails_the_launch_with_cloudformations_reason(scene: Scene) -> None:
    scene.account.ends["CREATE_IN_PROGRESS"] = "ROLLBACK_COMPLETE"

    assert "did not make the roles of analytics-prod-p-abcdefghijkl in account 333333333333" in scene.refused()
    assert scene.account.changes == ["create_stack"]
    scene.roll_back()
    assert scene.account.left() == GONE


def test_a_change_that_is_taken_back_fails_with_the_reason(scene: Scene) -> None:
    scene.provisioner().provision(ROLES)
    scene.account.template = "two"
    scene.account.ends["UPDATE_IN_PROGRESS"] = "UPDATE_ROLLBACK_COMPLETE"

    assert "(UPDATE_ROLLBACK_COMPLETE): ModelRole: no" in scene.refused()


def test_a_stack_that_takes_too_long_fails_the_launch_and_says_what_to_do(scene: Scene) -> None:
    scene.account.seconds = 1000

    with pytest.raises(DeadlinePassedError, match="stack analytics-prod-p-abcdefghijkl in account 333333333333; "):
        scene.provisioner().provision(ROLES)


def test_the_stack_of_another_launch_is_neither_changed_nor_deleted(scene: Scene) -> None:
    scene.provisioner().provision(ROLES)
    scene.account.deploys(NAME)
    before = scene.account.changes.copy()
    stranger = LAUNCH.replace("pp-x", "pp-y")

    assert "belongs to another launch" in scene.refused(launch=stranger)
    scene.stacks.current = "ROLLBACK_IN_PROGRESS"
    scene.provisioner(launch=stranger).remove(ROLES)

    assert scene.account.changes == before
    assert scene.account.served == {NAME: "InService"}


def test_a_stack_that_no_longer_waits_gets_no_roles(scene: Scene) -> None:
    scene.stacks.current = "ROLLBACK_IN_PROGRESS"

    assert "does not wait" in scene.refused()
    assert scene.account.changes == []


def test_a_deletion_that_comes_before_the_stack_is_made_leaves_nothing(scene: Scene) -> None:
    def delete(what: str) -> None:
        scene.account.before_change = lambda _: None
        scene.roll_back()

    scene.account.before_change = delete

    assert "was deleted while it was being made" in scene.refused()
    assert scene.account.left() == GONE


def test_a_deletion_that_meets_the_stack_being_made_leaves_nothing(scene: Scene) -> None:
    def delete(now: float) -> None:
        scene.clock.on_sleep = lambda _: None
        scene.roll_back()

    scene.clock.on_sleep = delete

    assert "was deleted while it was being made; launch again" in scene.refused()
    assert scene.account.left() == GONE


def test_deleting_a_project_removes_what_it_deployed_and_then_its_roles(scene: Scene) -> None:
    scene.provisioner().provision(ROLES)
    scene.account.deploys(NAME)
    scene.account.deploys(f"{NAME}-shadow", "Failed")
    scene.stacks.current = "DELETE_IN_PROGRESS"

    scene.provisioner().remove(ROLES)

    assert scene.account.left() == GONE
    assert scene.account.changes[1:] == [
        "delete_endpoint",
        "delete_endpoint",
        "delete_what_served",
        "delete_stack",
        "delete_what_served",
    ]


@pytest.mark.parametrize("crash_after", [2, 3, 4, 5])
def test_a_deletion_that_was_killed_anywhere_is_finished_by_the_next(scene: Scene, crash_after: int) -> None:
    scene.provisioner().provision(ROLES)
    scene.account.deploys(NAME)
    scene.account.crash_after = crash_after
    with pytest.raises(Crash):
        scene.provisioner().remove(ROLES)
    scene.account.crash_after = None

    scene.provisioner().remove(ROLES)

    assert scene.account.left() == GONE


def test_deleting_a_resource_that_never_existed_succeeds(scene: Scene) -> None:
    scene.provisioner().remove(ROLES)
    scene.provisioner().remove(ROLES)

    assert scene.account.left() == GONE


@pytest.mark.parametrize("status", ["Creating", "Updating"])
def test_an_endpoint_that_is_busy_is_waited_for(scene: Scene, status: str) -> None:
    scene.account.deploys(NAME, status, for_seconds=60)

    scene.provisioner().remove(ROLES)

    assert scene.account.left() == GONE


def test_an_endpoint_that_is_stuck_ends_the_deletion_in_time_and_is_named(scene: Scene) -> None:
    scene.provisioner().provision(ROLES)
    scene.account.deploys(NAME, "Creating", for_seconds=3600)
    started = scene.clock.now

    with pytest.raises(
        DeadlinePassedError,
        match=r"endpoint analytics-prod-p-abcdefghijkl \(Creating\) in account 333333333333; delete the project again",
    ):
        scene.provisioner().remove(ROLES)

    assert scene.clock.now - started < 280
    assert NAME in scene.account.stacks


def test_an_endpoint_that_is_deployed_while_the_project_is_deleted_is_removed_too(scene: Scene) -> None:
    scene.provisioner().provision(ROLES)

    def deploy(what: str) -> None:
        if what == "delete_stack":
            scene.account.deploys(NAME)

    scene.account.before_change = deploy

    scene.provisioner().remove(ROLES)

    assert scene.account.left() == GONE


def test_roles_that_resist_their_deletion_are_named_with_the_reason(scene: Scene) -> None:
    scene.provisioner().provision(ROLES)
    scene.account.ends["DELETE_IN_PROGRESS"] = "DELETE_FAILED"

    with pytest.raises(LaunchError, match=r"\(DELETE_FAILED: ModelRole: no\); remove what holds it there"):
        scene.provisioner().remove(ROLES)


@pytest.mark.parametrize(
    ("status", "requested", "step"),
    [
        ("CREATE_COMPLETE", False, "update"),
        ("CREATE_COMPLETE", True, "finished"),
        ("UPDATE_COMPLETE", False, "update"),
        ("UPDATE_COMPLETE", True, "finished"),
        ("UPDATE_ROLLBACK_COMPLETE", False, "update"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", True, "wait"),
        ("DELETE_IN_PROGRESS", False, "wait"),
        ("ROLLBACK_IN_PROGRESS", True, "wait"),
        ("ROLLBACK_COMPLETE", False, "delete"),
    ],
)
def test_the_next_step_follows_from_the_state_of_the_stack(status: str, requested: bool, step: str) -> None:
    stack = RolesStack(status=status, reason="", launch=LAUNCH, outputs={})

    assert next_step(ROLES, stack, LAUNCH, requested=requested) == step
    with pytest.raises(LaunchError, match="belongs to another launch"):
        next_step(ROLES, replace(stack, launch="another"), LAUNCH, requested=requested)
