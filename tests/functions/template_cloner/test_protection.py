"""A project's environments admit the default branch alone, and wait for their release managers."""

from dataclasses import replace

import pytest

from functions.shared.github_api.errors import OutcomeUnknownError
from functions.template_cloner.github_environments import Environment
from tests.functions.template_cloner.fakes import (
    DEPLOYING,
    MAIN,
    PROJECT,
    Fakes,
    refused,
)

PROD = Environment(reviewers=frozenset({("User", 3)}), prevents_self_review=True, admits=MAIN)


def test_production_waits_for_its_release_manager_and_preproduction_does_not(fakes: Fakes) -> None:
    fakes.launcher().create(DEPLOYING)

    assert fakes.github.repositories[DEPLOYING.full_name].environments == {
        "preprod": Environment(admits=MAIN),
        "prod": Environment(reviewers=frozenset({("User", 3)}), prevents_self_review=True, admits=MAIN),
    }


@pytest.mark.parametrize(
    "granted",
    [
        Environment(admits=MAIN),
        replace(PROD, prevents_self_review=False),
        replace(PROD, administrators_bypass=True),
        replace(PROD, admits=None),
        replace(PROD, admits=frozenset[tuple[str, str]]()),
        replace(PROD, admits=MAIN | {("branch", "release/*")}),
        replace(PROD, admits=frozenset({("tag", "main")})),
        replace(PROD, reviewers=frozenset({("User", 3), ("Team", 1)})),
    ],
    ids=[
        "no reviewer",
        "reviews own work",
        "administrators need no review",
        "another rule",
        "no branch",
        "another branch too",
        "a tag",
        "somebody else too",
    ],
)
def test_a_protection_that_github_does_not_keep_fails_the_launch(fakes: Fakes, granted: Environment) -> None:
    fakes.github.granted = lambda wanted: granted if wanted.reviewers else wanted

    assert "GitHub does not protect the environment prod" in refused(fakes, DEPLOYING)


@pytest.mark.parametrize(
    "found",
    [
        replace(PROD, admits=None),
        replace(PROD, admits=MAIN | {("branch", "*")}),
        replace(PROD, admits=frozenset({("branch", "release")})),
        replace(PROD, administrators_bypass=True),
    ],
    ids=["another rule", "every branch too", "another branch", "administrators need no review"],
)
def test_an_environment_that_admits_others_is_mended_by_an_update(fakes: Fakes, found: Environment) -> None:
    fakes.launcher().create(DEPLOYING)
    environments = fakes.github.repositories[DEPLOYING.full_name].environments
    environments["prod"] = found

    fakes.launcher().update(DEPLOYING, DEPLOYING)

    assert environments["prod"] == PROD


def test_the_repositorys_own_default_branch_enters_its_environments(fakes: Fakes) -> None:
    def renamed(what: str) -> None:
        if what == "generate":
            repo = fakes.repo
            repo.repository = replace(repo.repository, default_branch="trunk")
            repo.commits["trunk"] = repo.commits["main"]

    fakes.github.after_write = renamed

    fakes.launcher().create(PROJECT)

    assert fakes.repo.environments == {"dev": Environment(admits=frozenset({("branch", "trunk")}))}


def test_a_branch_is_admitted_once_although_github_failed(fakes: Fakes) -> None:
    def fail_after(what: str) -> None:
        if what == "admit":
            raise OutcomeUnknownError("502")

    fakes.github.after_write = fail_after

    fakes.launcher().create(PROJECT)

    assert fakes.github.writes.count("admit") == 1
    assert fakes.repo.environments == {"dev": Environment(admits=MAIN)}
