"""Launching, changing and deleting a project's repository, against a GitHub in memory."""

import tomllib
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace

import pytest

from functions.shared.github_api.errors import DeadlinePassedError, ExplainedError, GitHubError, OutcomeUnknownError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.github_users import User
from functions.template_cloner.launch_records import Record
from functions.template_cloner.resources import FirstRun, Project
from tests.functions.template_cloner.fake_account import LAUNCH, Crash
from tests.functions.template_cloner.fakes import (
    MAIN,
    ORGANIZATION,
    PROJECT,
    TEMPLATE,
    TEMPLATE_COMMIT,
    Fakes,
    Repo,
    a_repository,
)

DEPLOYING = replace(
    PROJECT, kind="model-deployment-realtime", environments=("preprod", "prod"), reviewers={"prod": ("hedy",)}
)
PROD = Environment(reviewers=frozenset({("User", 3)}), prevents_self_review=True, admits=MAIN)
RUN = FirstRun(repository=PROJECT.full_name, workflow="train.yml")


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def refused(fakes: Fakes, project: Project = PROJECT) -> str:
    with pytest.raises(ExplainedError) as error:
        fakes.launcher().create(project)
    return str(error.value)


def test_a_launch_makes_the_repository_with_its_settings_environment_and_user(fakes: Fakes) -> None:
    repository = fakes.launcher().create(PROJECT)

    assert repository.full_name == "acme/mlops-abalone-p-abcdefghijkl-model-training"
    assert repository.description == "MLOps project abalone (p-abcdefghijkl), model-training"
    assert fakes.repo.environments == {"dev": Environment(admits=MAIN)}
    assert fakes.repo.collaborators == {"ada"}
    assert tomllib.loads(fakes.repo.files["main", "project.toml"]) == {
        "project": {"name": "abalone", "id": "p-abcdefghijkl"},
        "template": {"name": "mlops-template-model-training", "commit": TEMPLATE_COMMIT},
        "launch": {"marker": PROJECT.marker},
        "pipeline": {"name": "abalone-p-abcdefghijkl", "subnet_ids": ["subnet-1", "subnet-2"]},
    }


def test_a_launch_makes_four_content_creating_requests_and_one_for_its_user(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    assert fakes.github.writes == ["generate", "write_file", "write_environment", "admit", "add_collaborator"]


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
    ]


def test_a_deployment_repository_of_somebody_who_may_push_already_makes_six_requests(fakes: Fakes) -> None:
    def pushes(what: str) -> None:
        if what == "generate":
            fakes.github.repositories[DEPLOYING.full_name].collaborators.add("ada")

    fakes.github.after_write = pushes

    fakes.launcher().create(DEPLOYING)

    assert len(fakes.github.writes) == 6


def test_production_waits_for_its_reviewer_and_preproduction_for_nobody(fakes: Fakes) -> None:
    fakes.launcher().create(DEPLOYING)

    assert fakes.github.repositories[DEPLOYING.full_name].environments == {
        "preprod": Environment(admits=MAIN),
        "prod": Environment(reviewers=frozenset({("User", 3)}), prevents_self_review=True, admits=MAIN),
    }


@pytest.mark.parametrize(
    ("reviewer", "message"),
    [("heddy", "no user 'heddy'"), ("acme", "not a person"), ("mallory", "'mallory' is not a member of acme")],
)
def test_a_reviewer_who_cannot_be_one_is_refused_before_anything_is_created(
    fakes: Fakes, reviewer: str, message: str
) -> None:
    fakes.github.users["mallory"] = User(user_id=9, kind="User")

    assert message in refused(fakes, replace(DEPLOYING, reviewers={"prod": (reviewer,)}))
    assert fakes.github.writes == []
    assert fakes.records.records == {}


def test_a_reviewer_who_cannot_read_the_repository_fails_the_launch_and_says_what_to_do(fakes: Fakes) -> None:
    fakes.github.readers.remove("hedy")

    message = refused(fakes, DEPLOYING)

    assert "hedy cannot read acme/mlops-abalone-p-abcdefghijkl-model-deployment-realtime" in message
    assert "a team of reviewers" in message
    assert "prod" not in fakes.github.repositories[DEPLOYING.full_name].environments


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


def test_the_owner_of_the_platforms_token_cannot_review_what_approvals_start(fakes: Fakes) -> None:
    fakes.github.token_owner = 3

    message = refused(fakes, DEPLOYING)

    assert "hedy owns the token that the platform uses at GitHub" in message
    assert "name another reviewer" in message
    assert fakes.github.writes == []
    assert fakes.records.records == {}


def test_the_owner_of_the_platforms_token_does_not_become_reviewer_by_an_update(fakes: Fakes) -> None:
    before = replace(DEPLOYING, reviewers={"prod": ("grace",)})
    fakes.launcher().create(before)
    written = list(fakes.github.writes)
    fakes.github.token_owner = 3

    with pytest.raises(LaunchError, match="hedy owns the token"):
        fakes.launcher().update(DEPLOYING, before)

    assert fakes.github.writes == written


def test_a_project_without_reviewers_does_not_ask_whose_the_token_is(fakes: Fakes) -> None:
    def nobody_asks() -> int:
        raise AssertionError

    fakes.github.credential_owner = nobody_asks  # pyright: ignore[reportAttributeAccessIssue]

    fakes.launcher().create(PROJECT)


def test_an_apps_token_belongs_to_no_reviewer(fakes: Fakes) -> None:
    fakes.github.token_owner = None

    fakes.launcher().create(DEPLOYING)

    assert fakes.github.repositories[DEPLOYING.full_name].environments["prod"] == PROD


def test_another_reviewer_replaces_the_first_by_an_update(fakes: Fakes) -> None:
    fakes.launcher().create(DEPLOYING)

    fakes.launcher().update(replace(DEPLOYING, reviewers={"prod": ("grace",)}), DEPLOYING)

    found = fakes.github.repositories[DEPLOYING.full_name].environments["prod"]
    assert found == Environment(reviewers=frozenset({("User", 2)}), prevents_self_review=True, admits=MAIN)


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
    assert "no user 'adda'" in refused(fakes, replace(PROJECT, user="adda"))
    assert fakes.github.writes == []
    assert fakes.left() == (set(), {})


def test_an_organization_is_not_a_user(fakes: Fakes) -> None:
    assert "not a person" in refused(fakes, replace(PROJECT, user="acme"))
    assert fakes.left() == (set(), {})


def test_somebody_outside_the_organization_is_refused_before_anything_is_created(fakes: Fakes) -> None:
    fakes.github.users["mallory"] = User(user_id=9, kind="User")

    assert "not a member of acme" in refused(fakes, replace(PROJECT, user="mallory"))
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


def test_a_name_that_a_stranger_takes_at_the_last_moment_is_refused(fakes: Fakes) -> None:
    stranger = Repo(repository=a_repository(PROJECT.full_name, description="mine"), commits={"main": "theirs"})

    def taken(template: str, organization: str, name: str, description: str) -> bool:
        fakes.github.repositories[PROJECT.full_name] = stranger
        return False

    fakes.github.generate = taken  # pyright: ignore[reportAttributeAccessIssue]

    assert "was not made for this project" in refused(fakes)
    fakes.roll_back()
    assert fakes.left() == ({PROJECT.full_name}, {})


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
    fakes.clock.now += 301

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


def test_a_launch_that_is_asked_for_twice_writes_once_and_answers_the_same(fakes: Fakes) -> None:
    first = fakes.launcher().create(PROJECT)
    second = fakes.launcher().create(PROJECT)

    assert first == second
    assert len(fakes.github.writes) == 5


def test_a_launch_that_is_asked_for_again_after_its_stack_is_complete_changes_nothing(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.stacks.current = "CREATE_COMPLETE"
    before = fakes.left()

    assert "the stack is CREATE_COMPLETE" in refused(fakes)

    assert fakes.left() == before
    assert len(fakes.github.writes) == 5


def test_a_repository_that_was_made_although_github_failed_is_adopted(fakes: Fakes) -> None:
    def fail(what: str) -> None:
        if what == "generate":
            raise OutcomeUnknownError("502")

    fakes.github.after_write = fail

    fakes.launcher().create(PROJECT)

    assert fakes.github.writes.count("generate") == 1
    assert fakes.repo.collaborators == {"ada"}


def test_a_repository_that_was_not_made_when_github_failed_is_made_by_the_next_attempt(fakes: Fakes) -> None:
    failures = [OutcomeUnknownError("502")]

    def fail_once(what: str) -> None:
        if what == "generate" and failures:
            raise failures.pop()

    fakes.github.before_write = fail_once

    fakes.launcher().create(PROJECT)

    assert fakes.github.writes.count("generate") == 1


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


def test_settings_that_somebody_else_commits_at_the_same_time_are_looked_at_again(fakes: Fakes) -> None:
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


def test_an_unprotected_default_branch_fails_the_launch_and_says_what_to_do(fakes: Fakes) -> None:
    fakes.github.protected = False

    message = refused(fakes)
    assert "nothing protects main" in message
    assert "ruleset" in message
    assert fakes.github.writes == ["generate"]
    fakes.roll_back()

    assert fakes.left() == (set(), {})


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


@pytest.mark.parametrize("step", ["generate", "write_file", "write_environment", "admit", "add_collaborator"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_deletion_that_overtakes_the_launch_leaves_nothing(fakes: Fakes, step: str, moment: str) -> None:
    def delete(what: str) -> None:
        if what == step:
            fakes.github.before_write = fakes.github.after_write = lambda _: None
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
    fakes.github.protected = False
    refused(fakes)
    fakes.stacks.current = "DELETE_IN_PROGRESS"

    fakes.launcher().delete(PROJECT)

    assert fakes.left() == (set(), {})


def test_deleting_what_never_existed_succeeds(fakes: Fakes) -> None:
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
        fakes.launcher(stack_id=OTHER).create(replace(PROJECT, user="grace"))
    with pytest.raises(LaunchError, match="belongs to another launch"):
        fakes.launcher(stack_id=OTHER).update(replace(PROJECT, user="grace"), PROJECT)
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

    assert len(fakes.github.writes) == 5
    assert fakes.records.records[PROJECT.record_key].state == "launched"


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


def test_unchanged_settings_propose_nothing(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    fakes.launcher().update(PROJECT, PROJECT)

    assert len(fakes.github.writes) == 5


def test_settings_that_were_deleted_from_the_repository_are_proposed_again(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    del fakes.repo.files["main", "project.toml"]

    fakes.launcher().update(PROJECT, PROJECT)

    [(branch, _)] = fakes.repo.pull_requests
    assert tomllib.loads(fakes.repo.files[branch, "project.toml"])["template"] == {}


def test_an_update_adds_the_new_user_and_environment(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    fakes.launcher().update(replace(PROJECT, user="grace", environments=("dev", "preprod")), PROJECT)

    assert fakes.repo.collaborators == {"ada", "grace"}
    assert fakes.repo.environments == {"dev": Environment(admits=MAIN), "preprod": Environment(admits=MAIN)}


def test_an_update_to_an_unknown_user_changes_nothing(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)

    with pytest.raises(LaunchError, match="no user 'adda'"):
        fakes.launcher().update(replace(PROJECT, user="adda", settings={}), PROJECT)

    assert len(fakes.github.writes) == 5


def test_an_update_restores_a_lost_record(fakes: Fakes) -> None:
    fakes.launcher().create(PROJECT)
    fakes.records.records.clear()

    fakes.launcher().update(replace(PROJECT, user="grace"), PROJECT)

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
