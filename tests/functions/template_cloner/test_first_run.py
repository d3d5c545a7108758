"""The first workflow of a repository is started once."""

import pytest

from functions.shared.github_api.errors import OutcomeUnknownError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.resources import FirstRun
from tests.functions.template_cloner.fakes import (
    PROJECT,
    Fakes,
)

RUN = FirstRun(repository=PROJECT.full_name, workflow="train.yml")


def test_the_first_workflow_is_started_once(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    fakes.run_starter().start(RUN)
    fakes.run_starter().start(RUN)

    assert fakes.repo.dispatches == ["train.yml"]


def test_a_workflow_that_github_does_not_know_yet_is_started_when_it_does(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.github.workflow_known_at = fakes.clock.now + 60

    fakes.run_starter().start(RUN)

    assert fakes.repo.dispatches == ["train.yml"]


def test_a_workflow_that_github_does_not_know_within_two_minutes_fails_the_launch(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.github.workflow_known_at = fakes.clock.now + 1000
    started = fakes.clock.now

    with pytest.raises(LaunchError, match=r"does not start train\.yml"):
        fakes.run_starter().start(RUN)

    assert 120 <= fakes.clock.now - started < 125


def test_a_workflow_that_was_started_although_github_failed_is_not_started_again(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    def fail(what: str) -> None:
        raise OutcomeUnknownError("502")

    fakes.github.after_write = fail

    fakes.run_starter().start(RUN)

    assert fakes.repo.dispatches == ["train.yml"]


def test_a_workflow_needs_its_repository(fakes: Fakes) -> None:
    with pytest.raises(LaunchError, match="there is no repository"):
        fakes.run_starter().start(RUN)
