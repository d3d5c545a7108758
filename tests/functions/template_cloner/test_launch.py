"""Launching, changing and deleting a project's repository, against a GitHub in memory."""

import tomllib
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace

import pytest

from functions.shared.github_api.errors import DeadlinePassedError, ExplainedError, GitHubError, OutcomeUnknownError
from functions.template_cloner.aws import Record
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.event import FirstRun, Project
from functions.template_cloner.github import Environment, User
from tests.functions.template_cloner.account import LAUNCH, Crash
from tests.functions.template_cloner.world import (
    MAIN,
    ORGANIZATION,
    PROJECT,
    TEMPLATE,
    TEMPLATE_COMMIT,
    Repo,
    World,
    a_repository,
)

DEPLOYING = replace(
    PROJECT, kind="model-deployment-realtime", environments=("preprod", "prod"), reviewers={"prod": ("hedy",)}
)
PROD = Environment(reviewers=frozenset({("User", 3)}), prevents_self_review=True, admits=MAIN)
RUN = FirstRun(repository=PROJECT.full_name, workflow="train.yml")


@pytest.fixture
def world() -> World:
    return World()


def refused(world: World, project: Project = PROJECT) -> str:
    with pytest.raises(ExplainedError) as error:
        world.launcher().create(project)
    return str(error.value)


def test_a_launch_makes_the_repository_with_its_settings_environment_and_user(world: World) -> None:
    repository = world.launcher().create(PROJECT)

    assert repository.full_name == "acme/mlops-abalone-p-abcdefghijkl-model-training"
    assert repository.description == "MLOps project abalone (p-abcdefghijkl), model-training"
    assert world.repo.environments == {"dev": Environment(admits=MAIN)}
    assert world.repo.collaborators == {"ada"}
    assert tomllib.loads(world.repo.files["main", "project.toml"]) == {
        "project": {"name": "abalone", "id": "p-abcdefghijkl"},
        "template": {"name": "mlops-template-model-training", "commit": TEMPLATE_COMMIT},
        "launch": {"marker": PROJECT.marker},
        "pipeline": {"name": "abalone-p-abcdefghijkl", "subnet_ids": ["subnet-1", "subnet-2"]},
    }


def test_a_launch_makes_four_content_creating_requests_and_one_for_its_user(world: World) -> None:
    world.launcher().create(PROJECT)

    assert world.github.writes == ["generate", "write_file", "write_environment", "admit", "add_collaborator"]


def test_a_deployment_repository_makes_two_requests_more_for_its_second_environment(world: World) -> None:
    world.launcher().create(DEPLOYING)

    assert world.github.writes == [
        "generate",
        "write_file",
        "write_environment",
        "admit",
        "write_environment",
        "admit",
        "add_collaborator",
    ]


def test_a_deployment_repository_of_somebody_who_may_push_already_makes_six_requests(world: World) -> None:
    def pushes(what: str) -> None:
        if what == "generate":
            world.github.repositories[DEPLOYING.full_name].collaborators.add("ada")

    world.github.after_write = pushes

    world.launcher().create(DEPLOYING)

    assert len(world.github.writes) == 6


def test_production_waits_for_its_reviewer_and_preproduction_for_nobody(world: World) -> None:
    world.launcher().create(DEPLOYING)

    assert world.github.repositories[DEPLOYING.full_name].environments == {
        "preprod": Environment(admits=MAIN),
        "prod": Environment(reviewers=frozenset({("User", 3)}), prevents_self_review=True, admits=MAIN),
    }


@pytest.mark.parametrize(
    ("reviewer", "message"),
    [("heddy", "no user 'heddy'"), ("acme", "not a person"), ("mallory", "'mallory' is not a member of acme")],
)
def test_a_reviewer_who_cannot_be_one_is_refused_before_anything_is_created(
    world: World, reviewer: str, message: str
) -> None:
    world.github.users["mallory"] = User(user_id=9, kind="User")

    assert message in refused(world, replace(DEPLOYING, reviewers={"prod": (reviewer,)}))
    assert world.github.writes == []
    assert world.records.records == {}


def test_a_reviewer_who_cannot_read_the_repository_fails_the_launch_and_says_what_to_do(world: World) -> None:
    world.github.readers.remove("hedy")

    message = refused(world, DEPLOYING)

    assert "hedy cannot read acme/mlops-abalone-p-abcdefghijkl-model-deployment-realtime" in message
    assert "a team of reviewers" in message
    assert "prod" not in world.github.repositories[DEPLOYING.full_name].environments


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
def test_a_protection_that_github_does_not_keep_fails_the_launch(world: World, granted: Environment) -> None:
    world.github.granted = lambda wanted: granted if wanted.reviewers else wanted

    assert "GitHub does not protect the environment prod" in refused(world, DEPLOYING)


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
def test_an_environment_that_admits_others_is_mended_by_an_update(world: World, found: Environment) -> None:
    world.launcher().create(DEPLOYING)
    environments = world.github.repositories[DEPLOYING.full_name].environments
    environments["prod"] = found

    world.launcher().update(DEPLOYING, DEPLOYING)

    assert environments["prod"] == PROD


def test_the_repositorys_own_default_branch_enters_its_environments(world: World) -> None:
    def renamed(what: str) -> None:
        if what == "generate":
            repo = world.repo
            repo.repository = replace(repo.repository, default_branch="trunk")
            repo.commits["trunk"] = repo.commits["main"]

    world.github.after_write = renamed

    world.launcher().create(PROJECT)

    assert world.repo.environments == {"dev": Environment(admits=frozenset({("branch", "trunk")}))}


def test_a_branch_is_admitted_once_although_github_failed(world: World) -> None:
    def fail_after(what: str) -> None:
        if what == "admit":
            raise OutcomeUnknownError("502")

    world.github.after_write = fail_after

    world.launcher().create(PROJECT)

    assert world.github.writes.count("admit") == 1
    assert world.repo.environments == {"dev": Environment(admits=MAIN)}


def test_the_owner_of_the_platforms_token_cannot_review_what_approvals_start(world: World) -> None:
    world.github.token_owner = 3

    message = refused(world, DEPLOYING)

    assert "hedy owns the token that the platform uses at GitHub" in message
    assert "name another reviewer" in message
    assert world.github.writes == []
    assert world.records.records == {}


def test_the_owner_of_the_platforms_token_does_not_become_reviewer_by_an_update(world: World) -> None:
    before = replace(DEPLOYING, reviewers={"prod": ("grace",)})
    world.launcher().create(before)
    written = list(world.github.writes)
    world.github.token_owner = 3

    with pytest.raises(LaunchError, match="hedy owns the token"):
        world.launcher().update(DEPLOYING, before)

    assert world.github.writes == written


def test_a_project_without_reviewers_does_not_ask_whose_the_token_is(world: World) -> None:
    def nobody_asks() -> int:
        raise AssertionError

    world.github.credential_owner = nobody_asks  # pyright: ignore[reportAttributeAccessIssue]

    world.launcher().create(PROJECT)


def test_an_apps_token_belongs_to_no_reviewer(world: World) -> None:
    world.github.token_owner = None

    world.launcher().create(DEPLOYING)

    assert world.github.repositories[DEPLOYING.full_name].environments["prod"] == PROD


def test_another_reviewer_replaces_the_first_by_an_update(world: World) -> None:
    world.launcher().create(DEPLOYING)

    world.launcher().update(replace(DEPLOYING, reviewers={"prod": ("grace",)}), DEPLOYING)

    found = world.github.repositories[DEPLOYING.full_name].environments["prod"]
    assert found == Environment(reviewers=frozenset({("User", 2)}), prevents_self_review=True, admits=MAIN)


def test_settings_may_add_to_the_project_table(world: World) -> None:
    world.launcher().create(replace(PROJECT, settings={"project": {"arn": "arn:aws:sagemaker:…"}}))

    assert tomllib.loads(world.repo.files["main", "project.toml"])["project"] == {
        "name": "abalone",
        "id": "p-abcdefghijkl",
        "arn": "arn:aws:sagemaker:…",
    }


def test_a_launch_is_recorded_as_launched(world: World) -> None:
    world.launcher().create(PROJECT)

    assert world.records.records == {
        "p-abcdefghijkl/model-training": Record(
            state="launched", since=world.clock.now, template_commit=TEMPLATE_COMMIT, stack=LAUNCH
        )
    }


def test_a_misspelt_user_is_refused_before_anything_is_created(world: World) -> None:
    assert "no user 'adda'" in refused(world, replace(PROJECT, user="adda"))
    assert world.github.writes == []
    assert world.left() == (set(), {})


def test_an_organization_is_not_a_user(world: World) -> None:
    assert "not a person" in refused(world, replace(PROJECT, user="acme"))
    assert world.left() == (set(), {})


def test_somebody_outside_the_organization_is_refused_before_anything_is_created(world: World) -> None:
    world.github.users["mallory"] = User(user_id=9, kind="User")

    assert "not a member of acme" in refused(world, replace(PROJECT, user="mallory"))
    assert world.left() == (set(), {})


def test_a_missing_template_is_refused_before_anything_is_created(world: World) -> None:
    del world.github.repositories[TEMPLATE]

    assert "publish the template repositories first" in refused(world)
    assert world.left() == (set(), {})


def test_an_ordinary_repository_is_no_template(world: World) -> None:
    world.github.repositories[TEMPLATE].repository = a_repository(TEMPLATE)

    assert "is not a template repository" in refused(world)


def test_an_empty_template_is_refused_before_anything_is_created(world: World) -> None:
    world.github.repositories[TEMPLATE].commits.clear()

    assert "has no commit on main" in refused(world)
    assert world.left() == (set(), {})


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
def test_a_repository_that_is_not_ours_is_refused_and_not_touched(world: World, stranger: object) -> None:
    assert isinstance(stranger, type(a_repository("")))
    world.github.repositories[PROJECT.full_name] = Repo(repository=stranger, commits={"main": "theirs"})

    assert "was not made for this project" in refused(world)
    world.roll_back()

    assert world.github.writes == []
    assert world.repo == Repo(repository=stranger, commits={"main": "theirs"})
    assert world.records.records == {}


def test_a_name_that_a_stranger_takes_at_the_last_moment_is_refused(world: World) -> None:
    stranger = Repo(repository=a_repository(PROJECT.full_name, description="mine"), commits={"main": "theirs"})

    def taken(template: str, organization: str, name: str, description: str) -> bool:
        world.github.repositories[PROJECT.full_name] = stranger
        return False

    world.github.generate = taken  # pyright: ignore[reportAttributeAccessIssue]

    assert "was not made for this project" in refused(world)
    world.roll_back()
    assert world.left() == ({PROJECT.full_name}, {})


@pytest.mark.parametrize("crash_after", [1, 2, 3, 4, 5])
def test_a_launch_that_died_after_any_write_is_finished_by_the_next(world: World, crash_after: int) -> None:
    undisturbed = World()
    undisturbed.launcher().create(PROJECT)
    world.github.crash_after = crash_after
    with pytest.raises(Crash):
        world.launcher().create(PROJECT)

    world.github.crash_after = None
    world.launcher().create(PROJECT)

    assert world.repo == undisturbed.repo
    assert world.left() == undisturbed.left()
    assert world.github.writes == undisturbed.github.writes


@pytest.mark.parametrize("crash_after", [1, 2, 3, 4, 5])
def test_a_launch_that_died_after_any_write_is_removed_by_the_rollback(world: World, crash_after: int) -> None:
    world.github.crash_after = crash_after
    with pytest.raises(Crash):
        world.launcher().create(PROJECT)
    world.clock.now += 301

    world.roll_back()

    assert world.left() == (set(), {})


def test_a_later_attempt_keeps_the_template_commit_of_the_first(world: World) -> None:
    world.github.crash_after = 1
    with pytest.raises(Crash):
        world.launcher().create(PROJECT)
    world.github.crash_after = None
    world.github.repositories[TEMPLATE].commits["main"] = "newer"

    world.launcher().create(PROJECT)

    assert tomllib.loads(world.repo.files["main", "project.toml"])["template"]["commit"] == TEMPLATE_COMMIT


def test_a_launch_that_is_asked_for_twice_writes_once_and_answers_the_same(world: World) -> None:
    first = world.launcher().create(PROJECT)
    second = world.launcher().create(PROJECT)

    assert first == second
    assert len(world.github.writes) == 5


def test_a_launch_that_is_asked_for_again_after_its_stack_is_complete_changes_nothing(world: World) -> None:
    world.launcher().create(PROJECT)
    world.stacks.current = "CREATE_COMPLETE"
    before = world.left()

    assert "the stack is CREATE_COMPLETE" in refused(world)

    assert world.left() == before
    assert len(world.github.writes) == 5


def test_a_repository_that_was_made_although_github_failed_is_adopted(world: World) -> None:
    def fail(what: str) -> None:
        if what == "generate":
            raise OutcomeUnknownError("502")

    world.github.after_write = fail

    world.launcher().create(PROJECT)

    assert world.github.writes.count("generate") == 1
    assert world.repo.collaborators == {"ada"}


def test_a_repository_that_was_not_made_when_github_failed_is_made_by_the_next_attempt(world: World) -> None:
    failures = [OutcomeUnknownError("502")]

    def fail_once(what: str) -> None:
        if what == "generate" and failures:
            raise failures.pop()

    world.github.before_write = fail_once

    world.launcher().create(PROJECT)

    assert world.github.writes.count("generate") == 1


def test_a_launch_waits_for_the_copy_of_the_template(world: World) -> None:
    world.github.seconds_to_fill = 30
    started = world.clock.now

    world.launcher().create(PROJECT)

    assert 30 <= world.clock.now - started < 35


def test_a_repository_that_is_not_filled_within_a_minute_fails_the_launch(world: World) -> None:
    world.github.seconds_to_fill = 1000

    assert "did not fill" in refused(world)
    world.roll_back()

    assert world.left() == (set(), {})


def test_settings_that_somebody_else_commits_at_the_same_time_are_looked_at_again(world: World) -> None:
    def meddle(what: str) -> None:
        if what == "write_file":
            world.github.before_write = lambda _: None
            world.repo.files["main", "project.toml"] = "half"

    world.github.before_write = meddle

    world.launcher().create(PROJECT)

    assert "abalone" in world.repo.files["main", "project.toml"]


def test_a_plan_without_environments_fails_the_launch_and_the_rollback_removes_the_repository(world: World) -> None:
    def refuse(what: str) -> None:
        if what == "write_environment":
            raise GitHubError("the plan has no environments", 422)

    world.github.before_write = refuse

    assert "the plan has no environments" in refused(world)
    assert world.repo.collaborators == set()
    world.roll_back()

    assert world.left() == (set(), {})


def test_an_unprotected_default_branch_fails_the_launch_and_says_what_to_do(world: World) -> None:
    world.github.protected = False

    message = refused(world)
    assert "nothing protects main" in message
    assert "ruleset" in message
    assert world.github.writes == ["generate"]
    world.roll_back()

    assert world.left() == (set(), {})


def test_a_launch_that_has_no_time_left_fails_and_is_removed_by_the_rollback(world: World) -> None:
    world.github.seconds_to_fill = 50

    with pytest.raises(DeadlinePassedError):
        world.launcher(seconds=20).create(PROJECT)
    world.roll_back()

    assert world.left() == (set(), {})


def test_a_stack_that_no_longer_waits_gets_no_repository(world: World) -> None:
    world.stacks.current = "ROLLBACK_COMPLETE"

    assert "nobody waits" in refused(world)
    assert world.github.writes == []


@pytest.mark.parametrize("step", ["generate", "write_file", "write_environment", "admit", "add_collaborator"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_deletion_that_overtakes_the_launch_leaves_nothing(world: World, step: str, moment: str) -> None:
    def delete(what: str) -> None:
        if what == step:
            world.github.before_write = world.github.after_write = lambda _: None
            world.roll_back()
            # GitHub answers 404 to a write to a deleted repository; a new one can still be made.
            if step != "generate" and moment == "before":
                raise GitHubError("404", 404)

    if moment == "before":
        world.github.before_write = delete
    else:
        world.github.after_write = delete

    assert "was deleted while it was being launched" in refused(world)
    assert world.left() == (set(), {})


def test_a_launch_that_begins_after_its_deletion_leaves_nothing(world: World) -> None:
    world.github.crash_after = 1
    with pytest.raises(Crash):
        world.launcher().create(PROJECT)
    world.github.crash_after = None
    world.roll_back()
    assert world.records.records[PROJECT.record_key].state == "deleted"

    assert "was deleted while it was being launched" in refused(world)

    assert world.left() == (set(), {})


def test_a_repository_that_reappears_after_its_deletion_is_removed_by_the_launch(world: World) -> None:
    world.records.write(
        PROJECT.record_key, Record(state="deleted", since=world.clock.now, template_commit="x", stack=LAUNCH)
    )
    world.github.generate(TEMPLATE, ORGANIZATION, PROJECT.name, PROJECT.marker)

    refused(world)

    assert world.left() == (set(), {})


def test_a_launch_whose_record_is_gone_was_deleted(world: World) -> None:
    world.github.after_write = lambda _: world.records.records.clear()

    assert "was deleted while it was being launched" in refused(world)

    assert world.left() == (set(), {})


def test_deleting_a_project_archives_its_repository(world: World) -> None:
    world.launcher().create(PROJECT)
    world.stacks.current = "DELETE_IN_PROGRESS"

    world.launcher().delete(PROJECT)
    world.launcher().delete(PROJECT)

    assert world.repo.repository.archived
    assert world.github.writes.count("archive_repository") == 1
    assert world.records.records == {}


def test_a_deletion_that_died_after_archiving_is_finished_by_the_next(world: World) -> None:
    world.launcher().create(PROJECT)
    world.stacks.current = "DELETE_IN_PROGRESS"
    world.github.archive_repository(PROJECT.full_name)

    world.launcher().delete(PROJECT)

    assert world.github.writes.count("archive_repository") == 1
    assert world.records.records == {}


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"])
def test_rolling_back_a_launch_deletes_its_repository(world: World, status: str) -> None:
    world.launcher().create(PROJECT)
    world.stacks.current = status

    world.launcher().delete(PROJECT)

    assert world.left() == (set(), {})


def test_deleting_a_stack_whose_launch_failed_deletes_the_half_made_repository(world: World) -> None:
    world.github.protected = False
    refused(world)
    world.stacks.current = "DELETE_IN_PROGRESS"

    world.launcher().delete(PROJECT)

    assert world.left() == (set(), {})


def test_deleting_what_never_existed_succeeds(world: World) -> None:
    world.launcher().delete(PROJECT)

    assert world.github.writes == []


OTHER = "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-y/2"


@pytest.mark.parametrize("died_after", [None, 2], ids=["launched", "died"])
def test_another_launch_with_a_projects_name_and_id_is_refused_and_touches_nothing(
    world: World, died_after: int | None
) -> None:
    world.github.crash_after = died_after
    with nullcontext() if died_after is None else pytest.raises(Crash):
        world.launcher().create(PROJECT)
    world.github.crash_after = None
    before = deepcopy((world.repo, world.records.records, world.github.writes))

    with pytest.raises(LaunchError, match=f"belongs to another launch .{LAUNCH}.*nothing was created or changed"):
        world.launcher(stack_id=OTHER).create(replace(PROJECT, user="grace"))
    with pytest.raises(LaunchError, match="belongs to another launch"):
        world.launcher(stack_id=OTHER).update(replace(PROJECT, user="grace"), PROJECT)
    for status in ("ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        world.stacks.current = status
        world.launcher(stack_id=OTHER).delete(PROJECT)

    assert (world.repo, world.records.records, world.github.writes) == before


@pytest.mark.parametrize("archived", [True, False])
def test_a_repository_that_an_earlier_launch_left_is_not_taken_over(world: World, *, archived: bool) -> None:
    world.launcher().create(PROJECT)
    if archived:
        world.stacks.current = "DELETE_IN_PROGRESS"
        world.launcher().delete(PROJECT)
    else:
        world.records.records.clear()
    world.stacks.current = "CREATE_IN_PROGRESS"
    before = deepcopy((world.repo, world.github.writes))

    with pytest.raises(LaunchError, match="is of an earlier launch"):
        world.launcher(stack_id=OTHER).create(PROJECT)
    for status in ("ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        world.stacks.current = status
        world.launcher(stack_id=OTHER).delete(PROJECT)

    assert (world.repo, world.github.writes) == before
    assert world.records.records == {}


def test_of_two_launches_that_begin_at_once_one_is_refused(world: World) -> None:
    def overtaken() -> None:
        world.records.before_begin = lambda: None
        world.launcher(stack_id=OTHER).create(PROJECT)

    world.records.before_begin = overtaken

    assert f"belongs to another launch ({OTHER})" in refused(world)
    world.roll_back()
    assert world.records.records[PROJECT.record_key].stack == OTHER
    assert world.launched


def test_a_request_that_is_delivered_twice_at_once_is_carried_out(world: World) -> None:
    def delivered_again() -> None:
        world.records.before_begin = lambda: None
        world.launcher().create(PROJECT)

    world.records.before_begin = delivered_again

    world.launcher().create(PROJECT)

    assert len(world.github.writes) == 5
    assert world.records.records[PROJECT.record_key].state == "launched"


def test_changed_settings_are_proposed_as_a_pull_request(world: World) -> None:
    world.launcher().create(PROJECT)
    before = world.repo.files["main", "project.toml"]
    changed = replace(PROJECT, settings={"pipeline": {"name": "other"}})

    world.launcher().update(changed, PROJECT)
    world.launcher().update(changed, PROJECT)

    assert world.repo.files["main", "project.toml"] == before
    [(branch, base)] = world.repo.pull_requests
    assert base == "main"
    proposed = tomllib.loads(world.repo.files[branch, "project.toml"])
    assert proposed["pipeline"] == {"name": "other"}
    assert proposed["template"] == {"name": "mlops-template-model-training", "commit": TEMPLATE_COMMIT}


def test_unchanged_settings_propose_nothing(world: World) -> None:
    world.launcher().create(PROJECT)

    world.launcher().update(PROJECT, PROJECT)

    assert len(world.github.writes) == 5


def test_settings_that_were_deleted_from_the_repository_are_proposed_again(world: World) -> None:
    world.launcher().create(PROJECT)
    del world.repo.files["main", "project.toml"]

    world.launcher().update(PROJECT, PROJECT)

    [(branch, _)] = world.repo.pull_requests
    assert tomllib.loads(world.repo.files[branch, "project.toml"])["template"] == {}


def test_an_update_adds_the_new_user_and_environment(world: World) -> None:
    world.launcher().create(PROJECT)

    world.launcher().update(replace(PROJECT, user="grace", environments=("dev", "preprod")), PROJECT)

    assert world.repo.collaborators == {"ada", "grace"}
    assert world.repo.environments == {"dev": Environment(admits=MAIN), "preprod": Environment(admits=MAIN)}


def test_an_update_to_an_unknown_user_changes_nothing(world: World) -> None:
    world.launcher().create(PROJECT)

    with pytest.raises(LaunchError, match="no user 'adda'"):
        world.launcher().update(replace(PROJECT, user="adda", settings={}), PROJECT)

    assert len(world.github.writes) == 5


def test_an_update_restores_a_lost_record(world: World) -> None:
    world.launcher().create(PROJECT)
    world.records.records.clear()

    world.launcher().update(replace(PROJECT, user="grace"), PROJECT)

    assert world.records.records[PROJECT.record_key].state == "launched"


def test_a_project_is_never_renamed(world: World) -> None:
    world.launcher().create(PROJECT)

    with pytest.raises(LaunchError, match="cannot become"):
        world.launcher().update(replace(PROJECT, project_name="other"), PROJECT)


def test_an_update_of_a_repository_that_is_gone_or_not_ours_changes_nothing(world: World) -> None:
    with pytest.raises(LaunchError, match="not the repository of this project"):
        world.launcher().update(PROJECT, PROJECT)
    world.github.repositories[PROJECT.full_name] = Repo(repository=a_repository(PROJECT.full_name))
    with pytest.raises(LaunchError, match="not the repository of this project"):
        world.launcher().update(PROJECT, PROJECT)

    assert world.github.writes == []


def test_the_first_workflow_is_started_once(world: World) -> None:
    world.launcher().create(PROJECT)

    world.launcher().start(RUN)
    world.launcher().start(RUN)

    assert world.repo.dispatches == ["train.yml"]


def test_a_workflow_that_github_does_not_know_yet_is_started_when_it_does(world: World) -> None:
    world.launcher().create(PROJECT)
    world.github.workflow_known_at = world.clock.now + 60

    world.launcher().start(RUN)

    assert world.repo.dispatches == ["train.yml"]


def test_a_workflow_that_github_does_not_know_within_two_minutes_fails_the_launch(world: World) -> None:
    world.launcher().create(PROJECT)
    world.github.workflow_known_at = world.clock.now + 1000
    started = world.clock.now

    with pytest.raises(LaunchError, match=r"does not start train\.yml"):
        world.launcher().start(RUN)

    assert 120 <= world.clock.now - started < 125


def test_a_workflow_that_was_started_although_github_failed_is_not_started_again(world: World) -> None:
    world.launcher().create(PROJECT)

    def fail(what: str) -> None:
        raise OutcomeUnknownError("502")

    world.github.after_write = fail

    world.launcher().start(RUN)

    assert world.repo.dispatches == ["train.yml"]


def test_a_workflow_needs_its_repository(world: World) -> None:
    with pytest.raises(LaunchError, match="there is no repository"):
        world.launcher().start(RUN)
