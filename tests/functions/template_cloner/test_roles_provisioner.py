"""Having roles made and removed by the onboarding function of an account in memory."""

from dataclasses import replace

import pytest

from functions.project_onboarding.roles_stacks import RolesStack
from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import DeadlinePassedError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.onboarding import OnboardingFunction
from functions.template_cloner.resources import DeploymentRoles
from functions.template_cloner.roles_provisioner import RolesProvisioner
from tests.functions.project_onboarding.fake_account import ARNS, FUNCTION, LAUNCH, NAME, Crash, MemoryAccount
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.fake_function import ROLES, MemoryFunction, refused
from tests.functions.template_cloner.fakes import MemoryStacks

GONE: tuple[dict[str, RolesStack], dict[str, str], set[str]] = ({}, {}, set())


class Scene:
    """A launch that waits, and the account that it wants roles in."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.account = MemoryAccount(self.clock)
        self.function = MemoryFunction(self.account)
        self.stacks = MemoryStacks()

    def provisioner(self, *, roles: DeploymentRoles = ROLES, launch: str = LAUNCH) -> RolesProvisioner:
        deadline = Deadline(
            at=self.clock.now + 280, advice="delete the project again", now=self.clock, sleep=self.clock.sleep
        )
        return RolesProvisioner(
            roles=roles,
            account=OnboardingFunction(roles, FUNCTION, launch, self.function),
            stacks=self.stacks,
            deadline=deadline,
            stack_id=launch,
        )

    def refused(self, *, roles: DeploymentRoles = ROLES, launch: str = LAUNCH) -> str:
        with pytest.raises(LaunchError) as error:
            self.provisioner(roles=roles, launch=launch).provision()
        return str(error.value)

    def roll_back(self) -> None:
        """Roll back, as CloudFormation does after a failed Create."""
        self.stacks.current = "ROLLBACK_IN_PROGRESS"
        self.provisioner().remove()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_roles_are_waited_for(scene: Scene) -> None:
    assert scene.provisioner().provision() == ARNS
    assert scene.account.stacks[NAME].launch == LAUNCH


def test_a_request_that_comes_twice_is_answered_the_same(scene: Scene) -> None:
    assert scene.provisioner().provision() == scene.provisioner().provision()
    assert scene.account.changes.count("create_stack") == 1


def test_a_request_that_was_killed_half_way_is_finished_by_the_next(scene: Scene) -> None:
    scene.account.crash_after = 1
    with pytest.raises(Crash):
        scene.provisioner().provision()

    assert scene.provisioner().provision() == ARNS
    assert scene.account.changes.count("create_stack") == 1


def test_a_request_that_was_killed_half_way_is_removed_by_the_rollback(scene: Scene) -> None:
    scene.account.crash_after = 1
    with pytest.raises(Crash):
        scene.provisioner().provision()

    scene.roll_back()

    assert scene.account.left() == GONE


def test_two_requests_at_once_make_one_stack(scene: Scene) -> None:
    def other(what: str) -> None:
        scene.account.before_change = lambda _: None
        assert scene.provisioner().provision() == ARNS

    scene.account.before_change = other

    assert scene.provisioner().provision() == ARNS
    assert list(scene.account.stacks) == [NAME]


def test_an_account_that_does_not_answer_for_a_while_is_asked_again(scene: Scene) -> None:
    scene.function.failures = [refused("TooManyRequestsException")] * 3

    assert scene.provisioner().provision() == ARNS


def test_roles_that_take_too_long_fail_the_launch_and_say_what_to_do(scene: Scene) -> None:
    scene.account.seconds = 1000

    with pytest.raises(DeadlinePassedError, match="stack analytics-prod-p-abcdefghijkl in account 333333333333; "):
        scene.provisioner().provision()


def test_roles_that_cannot_be_made_fail_the_launch_and_leave_nothing_after_its_rollback(scene: Scene) -> None:
    scene.account.ends["CREATE_IN_PROGRESS"] = "ROLLBACK_COMPLETE"

    assert "CloudFormation did not make the roles" in scene.refused()
    scene.roll_back()
    assert scene.account.left() == GONE


def test_a_product_that_was_published_earlier_gets_no_roles_and_can_be_removed(scene: Scene) -> None:
    earlier = replace(ROLES, repository_name="", repository_id="")

    assert "comes from an earlier version of the product" in scene.refused(roles=earlier)
    assert scene.account.changes == []
    scene.provisioner().provision()
    scene.provisioner(roles=earlier).remove()
    assert scene.account.left() == GONE


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

    assert "was deleted while it was being made" in scene.refused()
    assert scene.account.left() == GONE


def test_removing_a_project_removes_what_its_endpoints_left_and_then_its_roles(scene: Scene) -> None:
    scene.provisioner().provision()
    scene.account.deploys(NAME)
    scene.account.retires(NAME)
    scene.stacks.current = "DELETE_IN_PROGRESS"

    scene.provisioner().require_retired()
    scene.provisioner().remove()

    assert scene.account.left() == GONE
    assert scene.account.changes[-3:] == ["delete_what_served", "delete_stack", "delete_what_served"]


def test_a_project_that_serves_is_neither_found_retired_nor_removed(scene: Scene) -> None:
    scene.provisioner().provision()
    scene.account.deploys(NAME)
    left = scene.account.left()

    for attempt in (scene.provisioner().require_retired, scene.provisioner().remove):
        with pytest.raises(LaunchError, match="retire it first"):
            attempt()
    assert scene.account.left() == left


@pytest.mark.parametrize("crash_after", [2, 3, 4])
def test_a_removal_that_was_killed_anywhere_is_finished_by_the_next(scene: Scene, crash_after: int) -> None:
    scene.provisioner().provision()
    scene.account.remains = {f"{NAME}-v1-model"}
    scene.account.crash_after = crash_after
    with pytest.raises(Crash):
        scene.provisioner().remove()
    scene.account.crash_after = None

    scene.provisioner().remove()

    assert scene.account.left() == GONE


def test_removing_roles_that_never_existed_succeeds(scene: Scene) -> None:
    scene.provisioner().remove()
    scene.provisioner().remove()

    assert scene.account.left() == GONE


def test_an_endpoint_that_is_not_gone_in_time_ends_the_removal_and_is_named(scene: Scene) -> None:
    scene.provisioner().provision()
    scene.account.seconds = 3600
    scene.account.deploys(NAME)
    scene.account.retires(NAME)
    started = scene.clock.now

    with pytest.raises(
        DeadlinePassedError,
        match=r"endpoint analytics-prod-p-abcdefghijkl in account 333333333333; delete the project again",
    ):
        scene.provisioner().remove()

    assert scene.clock.now - started < 280
    assert NAME in scene.account.stacks
