"""CloudFormation refuses to delete a project that serves, before anything begins, and every way back leaves it as it was."""

from dataclasses import replace

import pytest

from functions.template_cloner.deletion_guard import DeletionGuard
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.resources import DeletionCheck
from tests.functions.project_onboarding.fake_account import NAME
from tests.functions.template_cloner.fake_function import ROLES
from tests.functions.template_cloner.fakes import Fakes

PREPROD = replace(ROLES, environment="preprod")
ON = DeletionCheck(project_id=ROLES.project_id, accounts=(PREPROD, ROLES), protects=True)
OFF = replace(ON, protects=False)


@pytest.fixture
def updating(fakes: Fakes) -> Fakes:
    """A launched project, which is protected and being updated."""
    fakes.roles_provisioner(ROLES).provision()
    fakes.deletion_guard(ON).create()
    fakes.stacks.current = "UPDATE_IN_PROGRESS"
    return fakes


def refusal(guard: DeletionGuard, step: str) -> str:
    with pytest.raises(LaunchError) as error:
        getattr(guard, step)()
    return str(error.value)


def test_a_launched_project_is_protected(fakes: Fakes) -> None:
    fakes.deletion_guard(ON).create()
    assert fakes.stacks.protected


def test_a_launch_may_do_without_protection(fakes: Fakes) -> None:
    fakes.deletion_guard(OFF).create()
    assert not fakes.stacks.protected


def test_a_project_of_an_earlier_version_is_protected_when_it_is_updated(updating: Fakes) -> None:
    updating.stacks.protected = False
    updating.account.deploys(NAME)

    updating.deletion_guard(ON).update()

    assert updating.stacks.protected


def test_protection_is_lifted_from_a_project_that_serves_nowhere_and_can_be_put_back(updating: Fakes) -> None:
    updating.deletion_guard(OFF).update()
    assert not updating.stacks.protected
    updating.deletion_guard(ON).update()
    assert updating.stacks.protected


def test_a_project_that_serves_stays_protected_and_every_account_says_why(updating: Fakes) -> None:
    updating.account.deploys(NAME)
    before = updating.account.changes.copy()

    reason = refusal(updating.deletion_guard(OFF), "update")

    assert reason.startswith("the project stays protected from its deletion: account 333333333333 (prod) still has")
    assert reason.count("retire it first") == 2
    assert updating.stacks.protected
    assert updating.account.changes == before


def test_a_project_that_serves_is_not_deleted_and_every_account_says_why(updating: Fakes) -> None:
    updating.account.deploys(NAME)
    updating.stacks.current = "DELETE_IN_PROGRESS"
    before = updating.account.changes.copy()

    reason = refusal(updating.deletion_guard(OFF), "delete")

    assert reason.startswith("nothing was deleted: account 333333333333 (prod) still has")
    assert reason.count("retire it first") == 2
    assert updating.account.changes == before


def test_a_project_that_serves_nowhere_may_be_deleted(updating: Fakes) -> None:
    before = updating.account.changes.copy()
    updating.stacks.current = "DELETE_IN_PROGRESS"

    updating.deletion_guard(OFF).delete()

    assert updating.account.changes == before


# Failures


def test_a_launch_that_fails_after_its_protection_can_be_deleted(fakes: Fakes) -> None:
    fakes.deletion_guard(ON).create()
    fakes.stacks.current = "ROLLBACK_IN_PROGRESS"

    fakes.deletion_guard(ON).delete()

    assert not fakes.stacks.protected


def test_a_rollback_that_overtakes_the_protection_leaves_none(fakes: Fakes) -> None:
    def roll_back() -> None:
        fakes.stacks.after_change = lambda: None
        fakes.stacks.current = "ROLLBACK_IN_PROGRESS"
        fakes.deletion_guard(ON).delete()
        fakes.stacks.protected = True

    fakes.stacks.after_change = roll_back

    assert "it is not protected" in refusal(fakes.deletion_guard(ON), "create")
    assert not fakes.stacks.protected


@pytest.mark.parametrize("status", ["ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_a_request_that_comes_after_the_rollback_protects_nothing(fakes: Fakes, status: str) -> None:
    fakes.stacks.current = status

    assert f"the stack is {status}" in refusal(fakes.deletion_guard(ON), "create")
    assert not fakes.stacks.protected


def test_a_launch_that_may_not_be_protected_is_taken_back_all_the_same(
    fakes: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    fakes.stacks.refuses = LaunchError("an administrator of the account runs `python -m bootstrap up`")
    assert "python -m bootstrap up" in refusal(fakes.deletion_guard(ON), "create")
    fakes.stacks.current = "ROLLBACK_IN_PROGRESS"

    fakes.deletion_guard(ON).delete()

    assert "python -m bootstrap up" in caplog.text


def test_a_request_that_comes_twice_leaves_the_launch_protected(fakes: Fakes) -> None:
    def complete() -> None:
        fakes.stacks.current = "CREATE_COMPLETE"

    fakes.stacks.after_change = complete

    fakes.deletion_guard(ON).create()

    assert fakes.stacks.protected


@pytest.mark.parametrize("check", [ON, OFF])
@pytest.mark.parametrize("status", ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_an_update_that_nobody_waits_for_leaves_the_protection(
    updating: Fakes, check: DeletionCheck, status: str
) -> None:
    updating.stacks.current = status

    assert f"the stack is {status}" in refusal(updating.deletion_guard(check), "update")
    assert updating.stacks.protected


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"])
def test_an_update_that_its_rollback_overtakes_leaves_the_project_protected(updating: Fakes, status: str) -> None:
    def roll_back() -> None:
        updating.stacks.after_change = lambda: None
        updating.stacks.current = status
        updating.deletion_guard(ON).restore()
        updating.stacks.protected = False

    updating.stacks.after_change = roll_back

    assert "stays protected" in refusal(updating.deletion_guard(OFF), "update")
    assert updating.stacks.protected


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"])
def test_a_request_that_comes_twice_leaves_the_protection_lifted(updating: Fakes, status: str) -> None:
    def complete() -> None:
        updating.stacks.current = status

    updating.stacks.after_change = complete

    updating.deletion_guard(OFF).update()

    assert not updating.stacks.protected


@pytest.mark.parametrize("lifted", [True, False])
def test_a_rollback_restores_the_protection(updating: Fakes, lifted: bool) -> None:
    updating.stacks.protected = not lifted
    updating.account.deploys(NAME)
    updating.stacks.current = "UPDATE_ROLLBACK_IN_PROGRESS"

    updating.deletion_guard(ON).restore()

    assert updating.stacks.protected


def test_a_rollback_lifts_a_protection_that_there_was_not_before(updating: Fakes) -> None:
    updating.stacks.current = "UPDATE_ROLLBACK_IN_PROGRESS"

    updating.deletion_guard(OFF).restore()

    assert not updating.stacks.protected


def test_a_rollback_lifts_no_protection_of_a_project_that_serves(updating: Fakes) -> None:
    updating.account.deploys(NAME)
    updating.stacks.current = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert "stays protected" in refusal(updating.deletion_guard(OFF), "restore")
    assert updating.stacks.protected


def test_a_check_that_an_update_takes_away_again_leaves_no_protection(updating: Fakes) -> None:
    updating.stacks.current = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"

    updating.deletion_guard(ON).delete()

    assert not updating.stacks.protected


# What an update takes out of a project, such as by another product


TAKING_OUT = [
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "a state that is not known yet",
]


@pytest.mark.parametrize("protected", [True, False])
@pytest.mark.parametrize("status", TAKING_OUT)
def test_an_update_to_a_product_without_deployment_leaves_a_project_that_serves_protected(
    updating: Fakes, status: str, protected: bool
) -> None:
    """As by a lead alone; one whose protection was lifted is protected again, so that nothing else is taken out."""
    updating.account.deploys(NAME)
    updating.stacks.current, updating.stacks.protected = status, protected
    lifted: list[str] = []
    updating.stacks.after_change = lambda: None if updating.stacks.protected else lifted.append("lifted")

    reason = refusal(updating.deletion_guard(ON), "delete")

    assert reason.startswith("the project stays protected from its deletion: account 333333333333 (prod) still has")
    assert updating.stacks.protected
    assert lifted == []


@pytest.mark.parametrize("status", TAKING_OUT)
def test_an_update_to_a_product_without_deployment_lifts_the_protection_of_a_project_that_serves_nowhere(
    updating: Fakes, status: str
) -> None:
    updating.stacks.current = status

    updating.deletion_guard(ON).delete()

    assert not updating.stacks.protected
