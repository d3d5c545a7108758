"""A launch creates the repository of a project, or is refused before it changes anything."""

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from functions.shared.github_api.errors import DeadlinePassedError, GitHubError
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.github_rules import BranchRules
from functions.template_cloner.github_users import User
from functions.template_cloner.launch_records import Record
from functions.template_cloner.repository import is_own
from tests.functions.project_onboarding.fake_account import LAUNCH
from tests.functions.template_cloner.fakes import (
    DEPLOYING,
    MAIN,
    PROJECT,
    PROTECTED,
    TEMPLATE,
    TEMPLATE_COMMIT,
    Fakes,
    Repo,
    a_repository,
    refused,
)


def test_a_launch_makes_the_repository_with_its_settings_environment_and_user(fakes: Fakes) -> None:
    repository = fakes.launcher().create(PROJECT)

    assert repository.full_name == "acme/mlops-abalone-p-abcdefghijkl-model-training"
    assert repository.description == "MLOps project abalone (p-abcdefghijkl), model-training"
    assert fakes.repo.environments == {"dev": Environment(admits=MAIN)}
    assert fakes.repo.collaborators == {"ada", "mary"}
    assert tomllib.loads(fakes.repo.files["main", "project.toml"]) == {
        "project": {"name": "abalone", "id": "p-abcdefghijkl"},
        "template": {"name": "mlops-template-model-training", "commit": TEMPLATE_COMMIT},
        "launch": {"marker": PROJECT.marker},
        "pipeline": {"name": "abalone-p-abcdefghijkl", "subnet_ids": ["subnet-1", "subnet-2"]},
    }


def test_a_launch_makes_four_content_creating_requests_and_one_for_each_user(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    assert fakes.github.writes == ["generate", "write_file", "write_environment", "admit", *["add_collaborator"] * 2]


def test_a_deployment_repository_makes_two_requests_more_for_its_second_environment(fakes: Fakes) -> None:
    fakes.launcher().create(DEPLOYING)

    assert fakes.github.writes == [
        "generate",
        "write_file",
        "write_environment",
        "admit",
        "write_environment",
        "admit",
        "add_collaborator",
        "add_collaborator",
    ]


def test_a_deployment_repository_whose_users_may_push_already_makes_six_requests(fakes: Fakes) -> None:
    def pushes(what: str) -> None:
        if what == "generate":
            fakes.github.repositories[DEPLOYING.full_name].collaborators.update({"ada", "mary"})

    fakes.github.after_write = pushes

    fakes.launcher().create(DEPLOYING)

    assert len(fakes.github.writes) == 6


def test_settings_may_add_to_the_project_table(fakes: Fakes) -> None:
    fakes.launcher().create(replace(PROJECT, settings={"project": {"arn": "arn:aws:sageprovisioner:…"}}))

    assert tomllib.loads(fakes.repo.files["main", "project.toml"])["project"] == {
        "name": "abalone",
        "id": "p-abcdefghijkl",
        "arn": "arn:aws:sageprovisioner:…",
    }


def test_a_launch_is_recorded_as_launched(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    assert fakes.records.records == {
        "p-abcdefghijkl/model-training": Record(
            state="launched", since=fakes.clock.now, template_commit=TEMPLATE_COMMIT, stack=LAUNCH
        )
    }


def test_a_misspelt_user_is_refused_before_anything_is_created(fakes: Fakes) -> None:
    assert "no user 'adda'" in refused(fakes, replace(PROJECT, users=("adda", "mary")))
    assert fakes.github.writes == []
    assert fakes.left() == (set(), {})


def test_an_organization_is_not_a_user(fakes: Fakes) -> None:
    assert "not a person" in refused(fakes, replace(PROJECT, users=("ada", "acme")))
    assert fakes.left() == (set(), {})


def test_a_user_outside_the_organization_is_refused_before_anything_is_created(fakes: Fakes) -> None:
    fakes.github.users["mallory"] = User(user_id=9, kind="User")

    assert "not a member of acme" in refused(fakes, replace(PROJECT, users=("ada", "mallory")))
    assert fakes.left() == (set(), {})


def test_a_missing_template_is_refused_before_anything_is_created(fakes: Fakes) -> None:
    del fakes.github.repositories[TEMPLATE]

    assert "publish the template repositories first" in refused(fakes)
    assert fakes.left() == (set(), {})


def test_an_ordinary_repository_is_no_template(fakes: Fakes) -> None:
    fakes.github.repositories[TEMPLATE].repository = a_repository(TEMPLATE)

    assert "is not a template repository" in refused(fakes)


def test_an_empty_template_is_refused_before_anything_is_created(fakes: Fakes) -> None:
    fakes.github.repositories[TEMPLATE].commits.clear()

    assert "has no commit on main" in refused(fakes)
    assert fakes.left() == (set(), {})


def test_a_template_whose_default_branch_is_not_main_is_refused_before_anything_is_created(fakes: Fakes) -> None:
    template = fakes.github.repositories[TEMPLATE]
    template.repository = replace(template.repository, default_branch="master")

    assert "publish the template repositories again, which renames it to main; nothing was created" in refused(fakes)
    assert fakes.left() == (set(), {})
    assert fakes.github.writes == []


def test_a_repository_is_ours_however_the_settings_spell_the_organization() -> None:
    spelled = a_repository(
        "Acme/mlops-abalone-p-abcdefghijkl-model-training",
        description=PROJECT.marker,
        template="Acme/mlops-template-model-training",
    )

    assert is_own(PROJECT, spelled)


@pytest.mark.parametrize(
    "stranger",
    [
        a_repository(PROJECT.full_name, description="my thesis"),
        a_repository(PROJECT.full_name, description=PROJECT.marker),
        a_repository(PROJECT.full_name, description=PROJECT.marker, template="acme/other"),
        a_repository(PROJECT.full_name, template=TEMPLATE),
    ],
    ids=["another description", "no template", "another template", "no description"],
)
def test_a_repository_that_is_not_ours_is_refused_and_not_touched(fakes: Fakes, stranger: object) -> None:
    assert isinstance(stranger, type(a_repository("")))
    fakes.github.repositories[PROJECT.full_name] = Repo(repository=stranger, commits={"main": "theirs"})

    assert "was not made for this project" in refused(fakes)
    fakes.roll_back()

    assert fakes.github.writes == []
    assert fakes.repo == Repo(repository=stranger, commits={"main": "theirs"})
    assert fakes.records.records == {}


def test_a_name_that_a_stranger_takes_at_the_last_moment_is_refused(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = Repo(repository=a_repository(PROJECT.full_name, description="mine"), commits={"main": "theirs"})

    def taken(template: str, organization: str, name: str, description: str) -> bool:
        fakes.github.repositories[PROJECT.full_name] = stranger
        return False

    monkeypatch.setattr(fakes.github, "generate", taken)

    assert "was not made for this project" in refused(fakes)
    fakes.roll_back()
    assert fakes.left() == ({PROJECT.full_name}, {})


def test_a_launch_waits_for_the_copy_of_the_template(fakes: Fakes) -> None:
    fakes.github.seconds_to_fill = 30
    started = fakes.clock.now

    fakes.launcher().create(PROJECT)

    assert 30 <= fakes.clock.now - started < 35


def test_a_repository_that_is_not_filled_within_a_minute_fails_the_launch(fakes: Fakes) -> None:
    fakes.github.seconds_to_fill = 1000

    assert "did not fill" in refused(fakes)
    fakes.roll_back()

    assert fakes.left() == (set(), {})


def test_settings_that_another_request_commits_at_the_same_time_are_read_again(fakes: Fakes) -> None:
    def meddle(what: str) -> None:
        if what == "write_file":
            fakes.github.before_write = lambda _: None
            fakes.repo.files["main", "project.toml"] = "half"

    fakes.github.before_write = meddle

    fakes.launcher().create(PROJECT)

    assert "abalone" in fakes.repo.files["main", "project.toml"]


def test_a_plan_without_environments_fails_the_launch_and_the_rollback_removes_the_repository(fakes: Fakes) -> None:
    def refuse(what: str) -> None:
        if what == "write_environment":
            raise GitHubError("the plan has no environments", 422)

    fakes.github.before_write = refuse

    assert "the plan has no environments" in refused(fakes)
    assert fakes.repo.collaborators == set()
    fakes.roll_back()

    assert fakes.left() == (set(), {})


@pytest.mark.parametrize(
    ("weaker", "lacking"),
    [
        ({"approvals": 0}, "1 approvals (found: 0)"),
        ({"dismisses_stale": False}, "dismissal of stale approvals"),
        ({"last_push": False}, "approval of the last push"),
        ({"resolved_threads": False}, "resolution of conversations"),
        ({"stays": False}, "no deletion and no force push"),
    ],
)
def test_a_branch_that_somebody_alone_could_change_is_refused_before_anything_is_created(
    fakes: Fakes, weaker: dict[str, Any], lacking: str
) -> None:
    fakes.github.rules = replace(PROTECTED, **weaker)

    message = refused(fakes)
    assert f"main of {TEMPLATE} is not protected as the platform requires; its active rules lack: {lacking}." in message
    assert "ruleset" in message
    assert fakes.github.writes == []
    assert fakes.left() == (set(), {})


def test_the_settings_may_ask_for_more_approvals_than_the_rules_have(fakes: Fakes) -> None:
    fakes.rules = replace(fakes.rules, required_approvals=2)

    assert "2 approvals (found: 1)" in refused(fakes, replace(PROJECT, users=("ada", "mary", "grace")))


def test_a_repository_that_is_protected_less_than_its_template_is_removed_by_the_rollback(fakes: Fakes) -> None:
    fakes.github.rules_of_projects = BranchRules()

    assert f"main of {PROJECT.full_name} is not protected" in refused(fakes)
    assert fakes.github.writes == ["generate"]
    fakes.roll_back()

    assert fakes.left() == (set(), {})


def test_a_project_of_one_person_is_refused_because_nobody_could_approve_their_changes(fakes: Fakes) -> None:
    message = refused(fakes, replace(PROJECT, users=("ada",)))

    assert "at least 2 people have to work in the repositories, and only ada would" in message
    assert fakes.github.writes == []


def test_a_launch_that_has_no_time_left_fails_and_is_removed_by_the_rollback(fakes: Fakes) -> None:
    fakes.github.seconds_to_fill = 50

    with pytest.raises(DeadlinePassedError):
        fakes.launcher(seconds=20).create(PROJECT)
    fakes.roll_back()

    assert fakes.left() == (set(), {})


def test_a_stack_that_no_longer_waits_gets_no_repository(fakes: Fakes) -> None:
    fakes.stacks.current = "ROLLBACK_COMPLETE"

    assert "nobody waits" in refused(fakes)
    assert fakes.github.writes == []
