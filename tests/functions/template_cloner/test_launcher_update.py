"""An update proposes changed settings, and never renames or replaces a repository."""

import tomllib
from dataclasses import replace

import pytest

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.releases import Release
from tests.functions.template_cloner.fakes import (
    DEPLOYING,
    MAIN,
    PROJECT,
    PROTECTED,
    TEMPLATE_COMMIT,
    Fakes,
    Repo,
    a_repository,
)


def test_changed_settings_are_proposed_as_a_pull_request(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    before = fakes.repo.files["main", "project.toml"]
    changed = replace(PROJECT, settings={"pipeline": {"name": "other"}})

    fakes.launcher().update(changed, PROJECT)
    fakes.launcher().update(changed, PROJECT)

    assert fakes.repo.files["main", "project.toml"] == before
    [(branch, base)] = fakes.repo.pull_requests
    assert base == "main"
    proposed = tomllib.loads(fakes.repo.files[branch, "project.toml"])
    assert proposed["pipeline"] == {"name": "other"}
    assert proposed["template"] == {"name": "mlops-template-model-training", "commit": TEMPLATE_COMMIT}


def test_pull_requests_of_people_stay_open(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.repo.pull_requests = [("settings", "main"), ("mlops/settings-x", "another")]

    fakes.launcher().update(replace(PROJECT, settings={"pipeline": {"name": "other"}}), PROJECT)

    assert fakes.repo.pull_requests[:2] == [("settings", "main"), ("mlops/settings-x", "another")]
    assert len(fakes.repo.pull_requests) == 3


def test_unchanged_settings_propose_nothing(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    fakes.launcher().update(PROJECT, PROJECT)

    assert len(fakes.github.writes) == 6


def test_settings_that_were_deleted_from_the_repository_are_proposed_again(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    del fakes.repo.files["main", "project.toml"]

    fakes.launcher().update(PROJECT, PROJECT)

    [(branch, _)] = fakes.repo.pull_requests
    assert tomllib.loads(fakes.repo.files[branch, "project.toml"])["template"] == {}


def test_an_update_removes_the_former_user_and_adds_the_new_one_and_the_environment(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    changed = replace(PROJECT, users=("mary", "grace"), environments=("dev", "preprod"))
    fakes.launcher().update(changed, PROJECT)

    assert fakes.repo.collaborators == {"mary", "grace"}
    assert fakes.repo.environments == {"dev": Environment(admits=MAIN), "preprod": Environment(admits=MAIN)}


def test_an_update_to_an_unknown_user_changes_nothing(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    with pytest.raises(LaunchError, match="no user 'adda'"):
        fakes.launcher().update(replace(PROJECT, users=("adda", "mary"), settings={}), PROJECT)

    assert len(fakes.github.writes) == 6


def test_an_update_restores_a_lost_record(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.records.records.clear()

    fakes.launcher().update(replace(PROJECT, users=("grace", "mary")), PROJECT)

    assert fakes.records.records[PROJECT.record_key].state == "launched"


def test_a_project_is_never_renamed(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    with pytest.raises(LaunchError, match="cannot become"):
        fakes.launcher().update(replace(PROJECT, project_name="other"), PROJECT)


def test_an_update_of_a_repository_that_is_gone_or_not_ours_changes_nothing(fakes: Fakes) -> None:
    with pytest.raises(LaunchError, match="not the repository of this project"):
        fakes.launcher().update(PROJECT, PROJECT)
    fakes.github.repositories[PROJECT.full_name] = Repo(repository=a_repository(PROJECT.full_name))
    with pytest.raises(LaunchError, match="not the repository of this project"):
        fakes.launcher().update(PROJECT, PROJECT)

    assert fakes.github.writes == []


def test_the_former_user_is_removed_before_anybody_is_added(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.github.writes.clear()

    fakes.launcher().update(replace(PROJECT, users=("mary", "grace")), PROJECT)

    assert fakes.github.writes == ["remove_collaborator", "add_collaborator"]


def test_a_former_user_who_owns_the_organization_stops_the_update_before_anything_is_changed(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.github.owners.add("ada")
    written = list(fakes.github.writes)

    with pytest.raises(LaunchError, match=r"ada would still push to .*; nothing was changed"):
        fakes.launcher().update(replace(PROJECT, users=("mary", "grace")), PROJECT)

    assert fakes.github.writes == written


def test_a_former_user_who_may_push_through_a_team_stops_the_update_before_anybody_is_added(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.github.writers.add("ada")

    with pytest.raises(LaunchError, match=r"ada may still push to .*; nobody was added"):
        fakes.launcher().update(replace(PROJECT, users=("mary", "grace")), PROJECT)

    assert "grace" not in fakes.repo.collaborators


@pytest.mark.parametrize(("readers", "owners"), [({"ada"}, set[str]()), ({"hedy"}, {"hedy"})])
def test_a_release_manager_who_cannot_be_one_is_refused_before_anybody_is_removed(
    fakes: Fakes, readers: set[str], owners: set[str]
) -> None:
    fakes.launcher().create(DEPLOYING)
    fakes.github.readers, fakes.github.owners = readers, owners
    written = list(fakes.github.writes)

    with pytest.raises(LaunchError, match=r"hedy (cannot read|may write to)"):
        fakes.launcher().update(replace(DEPLOYING, users=("mary", "grace")), DEPLOYING)

    assert fakes.github.writes == written


def test_a_former_user_may_become_the_release_manager(fakes: Fakes) -> None:
    fakes.launcher().create(DEPLOYING)
    fakes.releases = {"prod": Release(managers=("ada",))}

    fakes.launcher().update(replace(DEPLOYING, users=("mary", "grace")), DEPLOYING)

    repo = fakes.github.repositories[DEPLOYING.full_name]
    assert repo.collaborators == {"mary", "grace"}
    assert repo.environments["prod"].reviewers == {("User", 1)}


def test_an_update_looks_at_the_rules_that_hold_now(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.github.rules = replace(PROTECTED, approvals=0)
    written = list(fakes.github.writes)

    with pytest.raises(LaunchError, match="lack: 1 approvals"):
        fakes.launcher().update(PROJECT, PROJECT)

    assert fakes.github.writes == written
