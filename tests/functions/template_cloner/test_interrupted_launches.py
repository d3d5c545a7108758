"""A launch that stopped anywhere, or was overtaken by its deletion, is finished or leaves nothing."""

import tomllib

import pytest

from functions.shared.github_api.errors import GitHubError, OutcomeUnknownError
from functions.template_cloner.launch_records import Record
from functions.template_cloner.launcher import LONGEST_RUN_SECONDS
from tests.functions.project_onboarding.fake_account import LAUNCH, Crash
from tests.functions.template_cloner.fakes import (
    ORGANIZATION,
    PROJECT,
    TEMPLATE,
    TEMPLATE_COMMIT,
    Fakes,
    refused,
)


@pytest.mark.parametrize("crash_after", [1, 2, 3, 4, 5])
def test_a_launch_that_died_after_any_write_is_finished_by_the_next(fakes: Fakes, crash_after: int) -> None:
    undisturbed = Fakes()
    undisturbed.launcher().create(PROJECT)
    fakes.github.crash_after = crash_after
    with pytest.raises(Crash):
        fakes.launcher().create(PROJECT)

    fakes.github.crash_after = None
    fakes.launcher().create(PROJECT)

    assert fakes.repo == undisturbed.repo
    assert fakes.left() == undisturbed.left()
    assert fakes.github.writes == undisturbed.github.writes


@pytest.mark.parametrize("crash_after", [1, 2, 3, 4, 5])
def test_a_launch_that_died_after_any_write_is_removed_by_the_rollback(fakes: Fakes, crash_after: int) -> None:
    fakes.github.crash_after = crash_after
    with pytest.raises(Crash):
        fakes.launcher().create(PROJECT)
    fakes.clock.now += LONGEST_RUN_SECONDS + 1

    fakes.roll_back()

    assert fakes.left() == (set(), {})


def test_a_later_attempt_keeps_the_template_commit_of_the_first(fakes: Fakes) -> None:
    fakes.github.crash_after = 1
    with pytest.raises(Crash):
        fakes.launcher().create(PROJECT)
    fakes.github.crash_after = None
    fakes.github.repositories[TEMPLATE].commits["main"] = "newer"

    fakes.launcher().create(PROJECT)

    assert tomllib.loads(fakes.repo.files["main", "project.toml"])["template"]["commit"] == TEMPLATE_COMMIT


def test_a_launch_that_is_requested_twice_writes_once_and_answers_the_same(fakes: Fakes) -> None:
    first = fakes.launcher().create(PROJECT)
    second = fakes.launcher().create(PROJECT)

    assert first == second
    assert len(fakes.github.writes) == 6


def test_a_launch_that_is_requested_again_after_its_stack_is_complete_changes_nothing(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.stacks.current = "CREATE_COMPLETE"
    before = fakes.left()

    assert "the stack is CREATE_COMPLETE" in refused(fakes)

    assert fakes.left() == before
    assert len(fakes.github.writes) == 6


def test_a_repository_that_was_made_although_github_failed_is_adopted(fakes: Fakes) -> None:
    def fail(what: str) -> None:
        if what == "generate":
            raise OutcomeUnknownError("502")

    fakes.github.after_write = fail

    fakes.launcher().create(PROJECT)

    assert fakes.github.writes.count("generate") == 1
    assert fakes.repo.collaborators == {"ada", "mary"}


def test_a_repository_that_was_not_made_when_github_failed_is_made_by_the_next_attempt(fakes: Fakes) -> None:
    failures = [OutcomeUnknownError("502")]

    def fail_once(what: str) -> None:
        if what == "generate" and failures:
            raise failures.pop()

    fakes.github.before_write = fail_once

    fakes.launcher().create(PROJECT)

    assert fakes.github.writes.count("generate") == 1


@pytest.mark.parametrize("step", ["generate", "write_file", "write_environment", "admit", "add_collaborator"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_deletion_that_overtakes_the_launch_leaves_nothing(fakes: Fakes, step: str, moment: str) -> None:
    def nothing(what: str) -> None:
        return

    def delete(what: str) -> None:
        if what == step:
            fakes.github.before_write = fakes.github.after_write = nothing
            fakes.roll_back()
            # GitHub answers 404 to a write to a deleted repository; a new one can still be made.
            if step != "generate" and moment == "before":
                raise GitHubError("404", 404)

    if moment == "before":
        fakes.github.before_write = delete
    else:
        fakes.github.after_write = delete

    assert "was deleted while it was being launched" in refused(fakes)
    assert fakes.left() == (set(), {})


def test_a_launch_that_begins_after_its_deletion_leaves_nothing(fakes: Fakes) -> None:
    fakes.github.crash_after = 1
    with pytest.raises(Crash):
        fakes.launcher().create(PROJECT)
    fakes.github.crash_after = None
    fakes.roll_back()
    assert fakes.records.records[PROJECT.record_key].state == "deleted"

    assert "was deleted while it was being launched" in refused(fakes)

    assert fakes.left() == (set(), {})


def test_a_repository_that_reappears_after_its_deletion_is_removed_by_the_launch(fakes: Fakes) -> None:
    fakes.records.write(
        PROJECT.record_key, Record(state="deleted", since=fakes.clock.now, template_commit="x", stack=LAUNCH)
    )
    fakes.github.generate(TEMPLATE, ORGANIZATION, PROJECT.name, PROJECT.marker)

    refused(fakes)

    assert fakes.left() == (set(), {})


def test_a_launch_whose_record_is_gone_was_deleted(fakes: Fakes) -> None:
    fakes.github.after_write = lambda _: fakes.records.records.clear()

    assert "was deleted while it was being launched" in refused(fakes)

    assert fakes.left() == (set(), {})
