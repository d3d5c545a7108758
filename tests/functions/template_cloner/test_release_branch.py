"""A release manager approves pull requests to the branch `production` where an account trusts its jobs alone."""

import logging
from dataclasses import replace

import pytest

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.github_rules import BranchRules
from functions.template_cloner.releases import Release
from tests.functions.template_cloner.fakes import (
    DEPLOYING,
    MAIN,
    OPEN_PRODUCTION,
    PEOPLE_PUSH,
    PROJECT,
    PROTECTED,
    Fakes,
    refused,
)

TEAM = 77
PRODUCTION = "production"
WORKFLOW = ".github/workflows/production.yml"
RELEASING = replace(PROTECTED, approving_teams=frozenset({TEAM}), closing=frozenset({PEOPLE_PUSH, OPEN_PRODUCTION}))


@pytest.fixture
def fakes(fakes: Fakes) -> Fakes:
    """An organization on the plan Team, whose rules let the release managers approve releases."""
    fakes.github.plan_name = "team"
    fakes.github.rules_of_releases = RELEASING
    fakes.github.teams[TEAM] = {"hedy": False}
    fakes.releases["prod"] = Release(managers=("hedy",), branch=PRODUCTION)
    return fakes


def publish_workflow(fakes: Fakes) -> None:
    """GitHub fills the repository with a template that has the workflow of the branch."""

    def fill(what: str) -> None:
        if what == "generate":
            fakes.github.repositories[DEPLOYING.full_name].files["main", WORKFLOW] = "on: push"

    fakes.github.after_write = fill


def launched(fakes: Fakes) -> None:
    publish_workflow(fakes)
    fakes.launcher().create(DEPLOYING)


def test_a_launch_opens_the_branch_and_lets_its_jobs_alone_into_production(fakes: Fakes) -> None:
    launched(fakes)

    repo = fakes.github.repositories[DEPLOYING.full_name]
    assert repo.environments == {
        "preprod": Environment(admits=MAIN),
        "prod": Environment(admits=frozenset({("branch", PRODUCTION)})),
    }
    assert repo.commits[PRODUCTION] == repo.commits["main"]
    assert '[prod]\nbranch = "production"\nrelease_managers = ["hedy"]\n' in repo.files["main", "project.toml"]
    assert repo.collaborators == {"ada", "mary", "hedy"}


def test_the_branch_is_opened_after_main_knows_of_it_and_before_anybody_pushes(fakes: Fakes) -> None:
    launched(fakes)

    writes = fakes.github.writes
    assert writes.index("write_file") < writes.index("create_branch") < writes.index("add_collaborator")


@pytest.mark.parametrize(
    ("rules", "lacking"),
    [
        (replace(RELEASING, approvals=0), "1 approvals"),
        (replace(RELEASING, last_push=False), "approval of the last push"),
        (replace(RELEASING, stays=False), "no deletion and no force push"),
        (replace(RELEASING, closing=frozenset()), "that only the platform opens it"),
        (replace(RELEASING, closing=frozenset({PEOPLE_PUSH})), "that only the platform opens it"),
        (replace(RELEASING, approving_teams=frozenset()), "the approval of nobody in particular releases"),
        (BranchRules(), "1 approvals"),
    ],
)
def test_a_branch_that_is_protected_less_is_refused_before_anything_is_created(
    fakes: Fakes, rules: BranchRules, lacking: str
) -> None:
    fakes.github.rules_of_releases = rules

    message = refused(fakes, DEPLOYING)

    assert lacking in message
    assert "github.releaseManagers" in message
    assert fakes.github.writes == []


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"hedy": False, "grace": False}, "hedy, grace"),
        ({"grace": False}, "grace"),
        ({}, "nobody"),
        ({"hedy": True}, "hedy (adds others)"),
    ],
)
def test_a_team_of_others_than_the_accounts_release_managers_is_refused(
    fakes: Fakes, members: dict[str, bool], found: str
) -> None:
    fakes.github.teams[TEAM] = members

    assert f"the approval of {found} releases to production of" in refused(fakes, DEPLOYING)
    assert fakes.github.writes == []


def test_what_is_missing_is_said_before_the_projects_first_repository_exists(fakes: Fakes) -> None:
    fakes.github.rules_of_releases = BranchRules()

    assert "is not protected as a release needs" in refused(fakes, replace(PROJECT, released=("prod",)))
    assert fakes.github.writes == []


def test_a_pipeline_that_is_promoted_by_jobs_alone_is_refused_before_anything_is_created(fakes: Fakes) -> None:
    message = refused(fakes, replace(DEPLOYING, kind="pipeline-promotion"))

    assert "prod releases by pull requests to production (workload.release: branch)" in message
    assert (
        "launch another product, or set workload.release: environment in the settings of the platform's stack"
        in message
    )
    assert fakes.github.writes == []


def test_a_training_repository_has_no_such_branch(fakes: Fakes) -> None:
    fakes.launcher().create(replace(PROJECT, released=("prod",)))

    assert fakes.repo.commits.keys() == {"main"}
    assert "production" not in fakes.repo.files["main", "project.toml"]


def test_a_free_plan_is_refused_before_anything_is_created(fakes: Fakes) -> None:
    fakes.github.plan_name = "free"

    message = refused(fakes, DEPLOYING)

    assert "acme has the GitHub plan free, which protects no branch of private repositories" in message
    assert fakes.github.writes == []


@pytest.mark.parametrize(
    ("who", "role"),
    [("ada", "works in the project's repositories"), ("lise", "approves models, as a lead data scientist")],
)
def test_a_release_manager_does_no_other_part(fakes: Fakes, who: str, role: str) -> None:
    fakes.github.users["lise"] = replace(fakes.github.users["ada"], user_id=7)
    fakes.github.members.add("lise")
    fakes.releases["prod"] = Release(managers=("hedy", who), branch=PRODUCTION)
    fakes.github.teams[TEAM][who] = False

    assert f"{who} {role}, and cannot release to production too" in refused(fakes, DEPLOYING)


def test_a_release_manager_who_administers_the_repository_is_refused(fakes: Fakes) -> None:
    fakes.github.owners.add("hedy")
    publish_workflow(fakes)

    assert "hedy may administer" in refused(fakes, DEPLOYING)


def test_release_managers_who_write_by_their_team_are_no_reason_to_refuse_an_update(fakes: Fakes) -> None:
    launched(fakes)
    written = list(fakes.github.writes)

    fakes.launcher().update(DEPLOYING, DEPLOYING)

    assert fakes.github.writes == [*written, "let_team_push"]


def test_a_project_of_the_other_way_gets_the_branch_once_main_has_what_it_needs(
    fakes: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    fakes.github.plan_name = "enterprise"
    fakes.releases["prod"] = Release(managers=("hedy",))
    fakes.launcher().create(DEPLOYING)
    repo = fakes.github.repositories[DEPLOYING.full_name]
    fakes.releases["prod"] = Release(managers=("hedy",), branch=PRODUCTION)

    fakes.launcher().update(DEPLOYING, DEPLOYING)

    # Nothing enters production any more, neither jobs of main nor of a branch whose workflows anybody could start.
    assert repo.environments["prod"] == Environment(admits=frozenset({("branch", PRODUCTION)}))
    assert PRODUCTION not in repo.commits
    assert "is not opened yet: merge the newer template and the new settings" in caplog.text
    [(branch, base)] = repo.pull_requests
    repo.files[base, "project.toml"] = repo.files[branch, "project.toml"]
    repo.files["main", WORKFLOW] = "on: push"

    fakes.launcher().update(DEPLOYING, DEPLOYING)

    assert repo.commits[PRODUCTION] == repo.commits["main"]


@pytest.mark.parametrize("places", ["earlier", "merged"])
def test_a_branch_that_main_or_its_own_pull_requests_brought_to_where_it_is_stays(fakes: Fakes, places: str) -> None:
    launched(fakes)
    repo = fakes.github.repositories[DEPLOYING.full_name]
    repo.commits |= {"main": "newer", PRODUCTION: "reviewed"}
    getattr(repo, places).add("reviewed")

    fakes.launcher().update(DEPLOYING, DEPLOYING)

    assert repo.commits[PRODUCTION] == "reviewed"


@pytest.fixture
def going_over(fakes: Fakes) -> Fakes:
    """A project of the other way, in an organization that has just gone over to pull requests."""
    fakes.github.plan_name = "enterprise"
    fakes.releases["prod"] = Release(managers=("hedy",))
    fakes.launcher().create(DEPLOYING)
    fakes.releases["prod"] = Release(managers=("hedy",), branch=PRODUCTION)
    return fakes


def test_a_branch_that_somebody_else_opened_is_refused_before_its_jobs_are_let_in(going_over: Fakes) -> None:
    repo = going_over.github.repositories[DEPLOYING.full_name]
    repo.commits[PRODUCTION] = "attack"
    written = list(going_over.github.writes)

    with pytest.raises(LaunchError, match=r"production of .* ends with attack, which neither is a commit of main nor"):
        going_over.launcher().update(DEPLOYING, DEPLOYING)

    assert going_over.github.writes == written
    assert repo.environments["prod"].admits == MAIN


def test_the_rollback_of_an_update_lets_in_no_jobs_of_a_branch_that_somebody_else_opened(going_over: Fakes) -> None:
    repo = going_over.github.repositories[DEPLOYING.full_name]
    repo.commits[PRODUCTION] = "attack"

    going_over.launcher().restore(DEPLOYING, ())

    assert repo.environments["prod"].admits == MAIN


def test_the_rollback_of_an_update_lets_in_no_jobs_of_a_branch_that_anybody_may_open(going_over: Fakes) -> None:
    going_over.github.rules_of_releases = replace(RELEASING, closing=frozenset({PEOPLE_PUSH}))

    going_over.launcher().restore(DEPLOYING, ())

    assert going_over.github.repositories[DEPLOYING.full_name].environments["prod"].admits == MAIN


def test_the_rollback_of_an_update_closes_production_as_the_account_says(going_over: Fakes) -> None:
    going_over.launcher().restore(DEPLOYING, ())

    admits = going_over.github.repositories[DEPLOYING.full_name].environments["prod"].admits
    assert admits == frozenset({("branch", PRODUCTION)})


def test_a_project_goes_back_to_reviewers_of_its_jobs(fakes: Fakes) -> None:
    launched(fakes)
    fakes.github.plan_name = "enterprise"
    fakes.releases["prod"] = Release(managers=("grace",))

    fakes.launcher().update(DEPLOYING, DEPLOYING)

    repo = fakes.github.repositories[DEPLOYING.full_name]
    assert repo.environments["prod"] == Environment(
        reviewers=frozenset({("User", 2)}), prevents_self_review=True, admits=MAIN
    )
    [(branch, _)] = repo.pull_requests
    assert "branch" not in repo.files[branch, "project.toml"]


def test_an_update_is_refused_once_the_rules_are_gone(fakes: Fakes) -> None:
    launched(fakes)
    written = list(fakes.github.writes)
    fakes.github.rules_of_releases = replace(RELEASING, approvals=0)

    with pytest.raises(LaunchError, match="is not protected as a release needs"):
        fakes.launcher().update(DEPLOYING, DEPLOYING)

    assert fakes.github.writes == written


def test_a_rollback_proposes_no_other_settings(fakes: Fakes) -> None:
    launched(fakes)

    fakes.launcher().restore(DEPLOYING, ())

    assert fakes.github.repositories[DEPLOYING.full_name].pull_requests == []


def test_the_managers_approvals_must_count(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgotten(organization_id: int, team_id: int, full_name: str) -> None:
        del organization_id, team_id, full_name

    monkeypatch.setattr(fakes.github, "let_team_push", forgotten)
    publish_workflow(fakes)

    assert "hedy may not write to" in refused(fakes, DEPLOYING)
