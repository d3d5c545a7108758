"""Release managers are named by the account that is released into, and do nothing else in a project."""

from dataclasses import replace

import pytest

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.github_users import User
from functions.template_cloner.releases import Release
from tests.functions.template_cloner.fakes import DEPLOYING, MAIN, PROJECT, Fakes, refused

PROD = Environment(reviewers=frozenset({("User", 3)}), prevents_self_review=True, admits=MAIN)


def released_by(fakes: Fakes, *managers: str) -> None:
    fakes.releases["prod"] = Release(managers=managers)


def prod(fakes: Fakes) -> Environment:
    return fakes.github.repositories[DEPLOYING.full_name].environments["prod"]


@pytest.mark.parametrize(
    ("manager", "message"),
    [
        ("heddy", "no user 'heddy'"),
        ("acme", "not a person"),
        ("mallory", "'mallory' is not a member of acme"),
        ("Mary", "Mary works in the project's repositories, and cannot release to production too"),
        ("Lise", "Lise approves models, as a lead data scientist, and cannot release to production too"),
    ],
)
def test_whoever_cannot_be_a_release_manager_is_refused_before_anything_is_created(
    fakes: Fakes, manager: str, message: str
) -> None:
    people = {"mallory": User(user_id=9, kind="User"), "Mary": fakes.github.users["mary"]}
    fakes.github.users |= {**people, "Lise": User(user_id=7, kind="User")}
    fakes.github.members |= {"Mary", "Lise"}
    released_by(fakes, "hedy", manager)

    assert message in refused(fakes, DEPLOYING)
    assert fakes.github.writes == []
    assert fakes.records.records == {}


def test_an_account_that_names_nobody_refuses_a_project_that_deploys_to_it(fakes: Fakes) -> None:
    released_by(fakes)

    message = refused(fakes, DEPLOYING)

    assert "nobody releases models to prod: name people by workload.releaseManagers" in message
    assert fakes.github.writes == []


def test_a_project_that_does_not_deploy_needs_no_release_manager(fakes: Fakes) -> None:
    fakes.releases.clear()
    fakes.github.plan_name = "team"

    fakes.launcher().create(PROJECT)


@pytest.mark.parametrize("plan", ["free", "team"])
def test_a_plan_without_reviewers_is_refused_before_anything_is_created(fakes: Fakes, plan: str) -> None:
    fakes.github.plan_name = plan

    message = refused(fakes, DEPLOYING)

    assert f"acme has the GitHub plan {plan}, which lets nobody review deployments" in message
    assert "workload.release: unprotected" in message
    assert fakes.github.writes == []


def test_a_plan_that_the_token_does_not_see_shows_by_what_github_grants(fakes: Fakes) -> None:
    fakes.github.plan_name = None

    fakes.launcher().create(DEPLOYING)

    assert prod(fakes) == PROD


def test_a_trial_goes_without_release_managers_because_the_account_says_so(fakes: Fakes) -> None:
    fakes.github.plan_name = "team"
    fakes.releases["prod"] = Release(managers=(), unprotected=True)

    fakes.launcher().create(DEPLOYING)

    assert prod(fakes) == Environment(admits=MAIN)


def test_a_trial_ends_by_an_update(fakes: Fakes) -> None:
    fakes.releases["prod"] = Release(managers=(), unprotected=True)
    fakes.launcher().create(DEPLOYING)
    released_by(fakes, "hedy")

    fakes.launcher().update(DEPLOYING, DEPLOYING)

    assert prod(fakes) == PROD


def test_a_release_manager_who_cannot_read_the_repository_fails_the_launch_and_says_what_to_do(fakes: Fakes) -> None:
    fakes.github.readers.remove("hedy")

    message = refused(fakes, DEPLOYING)

    assert f"hedy cannot read {DEPLOYING.full_name}" in message
    assert "let the organization's members read its repositories, or give release managers a role" in message
    assert "All-repository read" in message
    assert "prod" not in fakes.github.repositories[DEPLOYING.full_name].environments


def test_a_release_manager_who_may_write_is_refused_by_a_launch(fakes: Fakes) -> None:
    fakes.github.owners.add("hedy")

    assert "hedy may write to" in refused(fakes, DEPLOYING)
    assert "prod" not in fakes.github.repositories[DEPLOYING.full_name].environments


def test_a_release_manager_who_may_write_by_now_is_refused_by_an_update(fakes: Fakes) -> None:
    fakes.launcher().create(DEPLOYING)
    fakes.github.owners.add("hedy")

    with pytest.raises(LaunchError, match=r"hedy may write to .*, as an owner of the organization or through a team"):
        fakes.launcher().update(DEPLOYING, DEPLOYING)


def test_the_owner_of_the_platforms_token_cannot_release_what_approvals_start(fakes: Fakes) -> None:
    fakes.github.token_owner = 3

    message = refused(fakes, DEPLOYING)

    assert "hedy owns the token that the platform uses at GitHub" in message
    assert "name somebody else" in message
    assert fakes.github.writes == []
    assert fakes.records.records == {}


def test_the_owner_of_the_platforms_token_does_not_become_release_manager_by_an_update(fakes: Fakes) -> None:
    released_by(fakes, "grace")
    fakes.launcher().create(DEPLOYING)
    written = list(fakes.github.writes)
    fakes.github.token_owner = 3
    released_by(fakes, "hedy")

    with pytest.raises(LaunchError, match="hedy owns the token"):
        fakes.launcher().update(DEPLOYING, DEPLOYING)

    assert fakes.github.writes == written


def test_a_lead_does_not_make_herself_a_user_of_a_project_that_she_releases(fakes: Fakes) -> None:
    fakes.launcher().create(DEPLOYING)
    written = list(fakes.github.writes)

    with pytest.raises(LaunchError, match="hedy works in the project's repositories"):
        fakes.launcher().update(replace(DEPLOYING, users=("ada", "hedy")), DEPLOYING)

    assert fakes.github.writes == written


def test_an_apps_token_belongs_to_no_release_manager(fakes: Fakes) -> None:
    fakes.github.token_owner = None

    fakes.launcher().create(DEPLOYING)

    assert prod(fakes) == PROD


def test_another_release_manager_replaces_the_first_by_an_update(fakes: Fakes) -> None:
    fakes.launcher().create(DEPLOYING)
    released_by(fakes, "grace")

    fakes.launcher().update(DEPLOYING, DEPLOYING)

    assert prod(fakes) == Environment(reviewers=frozenset({("User", 2)}), prevents_self_review=True, admits=MAIN)


def test_a_project_that_nobody_can_release_gets_not_even_its_training_repository(fakes: Fakes) -> None:
    released_by(fakes, "mary")

    message = refused(fakes, replace(PROJECT, released=("prod",)))

    assert "mary works in the project's repositories" in message
    assert fakes.github.writes == []


def test_the_training_repository_of_a_project_that_deploys_has_no_environment_of_production(fakes: Fakes) -> None:
    fakes.launcher().create(replace(PROJECT, released=("prod",)))

    assert fakes.repo.environments == {"dev": Environment(admits=MAIN)}
