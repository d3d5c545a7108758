"""Deleting a project archives its repository, and touches no other launch's."""

from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace

import pytest

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github_rules import BranchRules
from tests.functions.project_onboarding.fake_account import LAUNCH, Crash
from tests.functions.template_cloner.fakes import (
    PROJECT,
    Fakes,
    refused,
)


def test_deleting_a_project_archives_its_repository(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.stacks.current = "DELETE_IN_PROGRESS"

    fakes.launcher().delete(PROJECT)
    fakes.launcher().delete(PROJECT)

    assert fakes.repo.repository.archived
    assert fakes.github.writes.count("archive_repository") == 1
    assert fakes.records.records == {}


def test_a_deletion_that_died_after_archiving_is_finished_by_the_next(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.stacks.current = "DELETE_IN_PROGRESS"
    fakes.github.archive_repository(PROJECT.full_name)

    fakes.launcher().delete(PROJECT)

    assert fakes.github.writes.count("archive_repository") == 1
    assert fakes.records.records == {}


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"])
def test_rolling_back_a_launch_deletes_its_repository(fakes: Fakes, status: str) -> None:
    fakes.launcher().create(PROJECT)
    fakes.stacks.current = status

    fakes.launcher().delete(PROJECT)

    assert fakes.left() == (set(), {})


def test_deleting_a_stack_whose_launch_failed_deletes_the_half_made_repository(fakes: Fakes) -> None:
    fakes.github.rules_of_projects = BranchRules()
    refused(fakes)
    fakes.stacks.current = "DELETE_IN_PROGRESS"

    fakes.launcher().delete(PROJECT)

    assert fakes.left() == (set(), {})


@pytest.mark.parametrize("protected", [True, False])
@pytest.mark.parametrize("status", ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_IN_PROGRESS"])
def test_an_update_takes_no_repository_out_of_a_project_that_is_protected(
    fakes: Fakes, status: str, *, protected: bool
) -> None:
    fakes.launcher().create(PROJECT)
    fakes.stacks.current, fakes.stacks.protected = status, protected
    before = deepcopy((fakes.repo, fakes.records.records))

    if protected:
        with pytest.raises(LaunchError, match="update it to a product that deploys"):
            fakes.launcher().delete(PROJECT)
        assert (fakes.repo, fakes.records.records) == before
    else:
        fakes.launcher().delete(PROJECT)
        assert fakes.repo.repository.archived


def test_deleting_a_resource_that_never_existed_succeeds(fakes: Fakes) -> None:
    fakes.launcher().delete(PROJECT)

    assert fakes.github.writes == []


OTHER = "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-y/2"


@pytest.mark.parametrize("died_after", [None, 2], ids=["launched", "died"])
def test_another_launch_with_a_projects_name_and_id_is_refused_and_touches_nothing(
    fakes: Fakes, died_after: int | None
) -> None:
    fakes.github.crash_after = died_after
    with nullcontext() if died_after is None else pytest.raises(Crash):
        fakes.launcher().create(PROJECT)
    fakes.github.crash_after = None
    before = deepcopy((fakes.repo, fakes.records.records, fakes.github.writes))

    with pytest.raises(LaunchError, match=f"belongs to another launch .{LAUNCH}.*nothing was created or changed"):
        fakes.launcher(stack_id=OTHER).create(replace(PROJECT, users=("grace", "mary")))
    with pytest.raises(LaunchError, match="belongs to another launch"):
        fakes.launcher(stack_id=OTHER).update(replace(PROJECT, users=("grace", "mary")), PROJECT)
    for status in ("ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        fakes.stacks.current = status
        fakes.launcher(stack_id=OTHER).delete(PROJECT)

    assert (fakes.repo, fakes.records.records, fakes.github.writes) == before


@pytest.mark.parametrize("archived", [True, False])
def test_a_repository_that_an_earlier_launch_left_is_not_taken_over(fakes: Fakes, *, archived: bool) -> None:
    fakes.launcher().create(PROJECT)
    if archived:
        fakes.stacks.current = "DELETE_IN_PROGRESS"
        fakes.launcher().delete(PROJECT)
    else:
        fakes.records.records.clear()
    fakes.stacks.current = "CREATE_IN_PROGRESS"
    before = deepcopy((fakes.repo, fakes.github.writes))

    with pytest.raises(LaunchError, match="is of an earlier launch"):
        fakes.launcher(stack_id=OTHER).create(PROJECT)
    for status in ("ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        fakes.stacks.current = status
        fakes.launcher(stack_id=OTHER).delete(PROJECT)

    assert (fakes.repo, fakes.github.writes) == before
    assert fakes.records.records == {}


def test_of_two_launches_that_begin_at_once_one_is_refused(fakes: Fakes) -> None:
    def overtaken() -> None:
        fakes.records.before_begin = lambda: None
        fakes.launcher(stack_id=OTHER).create(PROJECT)

    fakes.records.before_begin = overtaken

    assert f"belongs to another launch ({OTHER})" in refused(fakes)
    fakes.roll_back()
    assert fakes.records.records[PROJECT.record_key].stack == OTHER
    assert fakes.launched


def test_a_request_that_is_delivered_twice_at_once_is_carried_out(fakes: Fakes) -> None:
    def delivered_again() -> None:
        fakes.records.before_begin = lambda: None
        fakes.launcher().create(PROJECT)

    fakes.records.before_begin = delivered_again

    fakes.launcher().create(PROJECT)

    assert len(fakes.github.writes) == 6
    assert fakes.records.records[PROJECT.record_key].state == "launched"
