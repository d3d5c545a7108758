"""An update that failed is rolled back as far as possible, and never refused: the stack would stay in UPDATE_ROLLBACK_FAILED."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.shared.github_api.errors import CredentialError, GitHubError, OutcomeUnknownError
from functions.template_cloner import rollback
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.request import parse_request
from functions.template_cloner.routing import Outcome
from functions.template_cloner.settings import Settings
from tests.functions.project_onboarding.fake_account import ARNS
from tests.functions.template_cloner.fake_function import ROLES
from tests.functions.template_cloner.fakes import MAIN, PROJECT, Fakes
from tests.functions.template_cloner.test_properties import PROPERTIES, ROLES_PROPERTIES
from tests.functions.template_cloner.test_routing import (
    CHECK_PROPERTIES,
    FIRST_RUN,
    carry_out,
    check_request,
    request,
    roles_request,
)
from tests.functions.template_cloner.test_settings import ENVIRONMENT

REPOSITORY = {
    "Name": PROJECT.name,
    "FullName": PROJECT.full_name,
    "Url": f"https://github.example.com/{PROJECT.full_name}",
    "CloneUrl": f"https://github.example.com/{PROJECT.full_name}.git",
    "Id": "2005",
    "SubjectPrefix": f"repo:acme@1001/{PROJECT.name}@2005",
}
ONE_USER = {**{key: value for key, value in PROPERTIES.items() if key != "Users"}, "User": "ada"}
"""Properties of a product that was published earlier."""
NO_MEMBER = {**PROPERTIES, "Users": ["adda", "mary"]}
WRONG = {**PROPERTIES, "Users": ["-"]}
NO_ACCOUNT = {**ROLES_PROPERTIES, "AccountId": "somewhere"}
UNNAMED = {key: value for key, value in ROLES_PROPERTIES.items() if not key.startswith("Repository")} | {
    "RepositorySubject": f"repo:acme/{ROLES.repository_name}"
}


@pytest.fixture
def launched(fakes: Fakes) -> Fakes:
    """A launched project, of whose stack an update failed."""
    carry_out(fakes, request("Create"))
    carry_out(fakes, roles_request("Create"))
    fakes.stacks.current = "UPDATE_ROLLBACK_IN_PROGRESS"
    return fakes


def restore(fakes: Fakes, asked: Mapping[str, object], launcher: Any = None) -> Outcome:
    workers = replace(fakes.workers, launcher=launcher or fakes.launcher)
    parsed = parse_request(asked, organization="acme", unit="analytics")
    return rollback.restore(parsed, Settings.from_environment({**ENVIRONMENT, "OIDC_SUBJECTS": "immutable"}), workers)


def repository(properties: object, old: object) -> dict[str, object]:
    return request("Update", properties, OldResourceProperties=old, PhysicalResourceId=PROJECT.full_name)


def roles(properties: object, old: object) -> dict[str, object]:
    return roles_request("Update", properties, OldResourceProperties=old, PhysicalResourceId=ROLES.name)


@pytest.mark.parametrize("before", [PROPERTIES, ONE_USER, NO_MEMBER, WRONG])
@pytest.mark.parametrize("after", [PROPERTIES, ONE_USER, NO_MEMBER, {**PROPERTIES, "ProjectName": "another"}, WRONG])
def test_a_repository_is_rolled_back_from_whatever_was_refused_to_whatever_it_was(
    launched: Fakes, before: object, after: object
) -> None:
    outcome = restore(launched, repository(before, after))

    unknown = before == after == WRONG
    assert outcome == Outcome(physical_id=PROJECT.full_name, attributes={} if unknown else REPOSITORY)


@pytest.mark.parametrize("before", [ROLES_PROPERTIES, UNNAMED, NO_ACCOUNT])
@pytest.mark.parametrize(
    "after", [ROLES_PROPERTIES, UNNAMED, {**ROLES_PROPERTIES, "ProjectId": "p-mnopqrstuvwx"}, NO_ACCOUNT]
)
def test_roles_are_rolled_back_from_whatever_was_refused_to_whatever_they_were(
    launched: Fakes, before: dict[str, object], after: dict[str, object]
) -> None:
    outcome = restore(launched, roles(before, after))

    unknown = before == NO_ACCOUNT and (after == NO_ACCOUNT or after["ProjectId"] != ROLES.project_id)
    assert outcome == Outcome(physical_id=ROLES.name, attributes={} if unknown else ARNS)
    assert list(launched.account.stacks) == [ROLES.name]
    assert "delete_stack" not in launched.account.changes


@pytest.mark.parametrize("before", [CHECK_PROPERTIES, {**CHECK_PROPERTIES, "Accounts": {}}])
@pytest.mark.parametrize("after", [CHECK_PROPERTIES, {**CHECK_PROPERTIES, "Accounts": {}}])
def test_a_deletion_check_is_rolled_back(launched: Fakes, before: object, after: object) -> None:
    asked = check_request("Update", before, OldResourceProperties=after, PhysicalResourceId="as-it-was")

    assert restore(launched, asked) == Outcome(physical_id="as-it-was")


@pytest.mark.parametrize("protection", ["on", "off"])
def test_the_protection_from_a_deletion_is_rolled_back(launched: Fakes, protection: str) -> None:
    launched.stacks.protected = protection == "off"
    before, after = ({**CHECK_PROPERTIES, "DeletionProtection": each} for each in (protection, "other"))

    restore(launched, check_request("Update", before, OldResourceProperties=after, PhysicalResourceId="as-it-was"))

    assert launched.stacks.protected == (protection == "on")


def test_a_protection_that_cannot_be_rolled_back_ends_no_rollback(
    launched: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    launched.stacks.refuses = LaunchError("no more requests")
    properties = {**CHECK_PROPERTIES, "DeletionProtection": "on"}
    asked = check_request("Update", properties, OldResourceProperties=properties, PhysicalResourceId="as-it-was")

    assert restore(launched, asked) == Outcome(physical_id="as-it-was")
    assert "not restored: protection of p-abcdefghijkl" in caplog.text


@pytest.mark.parametrize("outcome", ["refused elsewhere", "refused", "unknown"])
def test_settings_that_were_refused_are_not_left_for_anybody_to_merge(launched: Fakes, outcome: str) -> None:
    def lose(what: str) -> None:
        if what == "open_pull_request":
            raise OutcomeUnknownError("GitHub did not answer")

    launched.stacks.current = "UPDATE_IN_PROGRESS"
    settings: dict[str, object] = {"pipeline": {"name": "refused"}}
    changed = {**PROPERTIES, "Settings": settings, "Environments": ["dev", "another"]}
    if outcome == "refused":
        launched.github.granted = lambda wanted: replace(wanted, admits=frozenset())
        with pytest.raises(LaunchError, match="does not protect the environment"):
            carry_out(launched, repository(changed, PROPERTIES))
    elif outcome == "unknown":
        launched.github.after_write = lose
        with pytest.raises(OutcomeUnknownError):
            carry_out(launched, repository(changed, PROPERTIES))
    else:
        carry_out(launched, repository(changed, PROPERTIES))
    [(branch, _)] = launched.repo.pull_requests
    launched.stacks.current = "UPDATE_ROLLBACK_IN_PROGRESS"

    restore(launched, repository(PROPERTIES, changed))

    assert launched.repo.pull_requests == []
    assert branch not in launched.repo.commits


def test_settings_of_an_earlier_update_that_nobody_merged_yet_are_proposed_again(launched: Fakes) -> None:
    launched.stacks.current = "UPDATE_IN_PROGRESS"
    accepted, refused = ({**PROPERTIES, "Settings": {"pipeline": {"name": name}}} for name in ("accepted", "refused"))
    carry_out(launched, repository(accepted, PROPERTIES))
    proposed = launched.repo.pull_requests.copy()
    carry_out(launched, repository(refused, accepted))
    assert len(launched.repo.pull_requests) == 1
    assert launched.repo.pull_requests != proposed

    restore(launched, repository(accepted, refused))

    assert launched.repo.pull_requests == proposed


def test_a_first_run_is_rolled_back_without_another_run(launched: Fakes) -> None:
    asked = request("Update", FIRST_RUN, OldResourceProperties={}, PhysicalResourceId="as-it-was")

    assert restore(launched, asked | {"ResourceType": "Custom::FirstWorkflowRun"}) == Outcome(physical_id="as-it-was")
    assert launched.repo.dispatches == []


def test_users_whom_the_update_replaced_are_restored(launched: Fakes) -> None:
    launched.stacks.current = "UPDATE_IN_PROGRESS"
    changed = {**PROPERTIES, "Users": ["mary", "grace"]}
    before = {**PROPERTIES, "Users": ["ada", "mary"], "Environments": ["dev"]}
    carry_out(launched, repository(changed, before))
    assert launched.repo.collaborators == {"mary", "grace"}

    restore(launched, repository(before, changed))

    assert launched.repo.collaborators == {"ada", "mary"}
    assert launched.repo.environments == {"dev": Environment(admits=MAIN)}


def test_whoever_left_the_organization_is_not_restored_and_the_others_are(
    launched: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    launched.repo.collaborators.clear()
    launched.github.members.remove("ada")

    assert restore(launched, repository(PROPERTIES, PROPERTIES)).attributes == REPOSITORY

    assert launched.repo.collaborators == {"mary", "grace"}
    assert "not restored: ada in" in caplog.text
    assert "'ada' is not a member of acme" in caplog.text


def test_a_rollback_adds_nobody_while_who_releases_is_not_known(
    launched: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    launched.repo.collaborators.clear()
    launched.github.members.remove("hedy")

    restore(launched, repository({**PROPERTIES, "ReleasedEnvironments": ["prod"]}, PROPERTIES))

    assert launched.repo.collaborators == set()
    assert "'hedy' is not a member of acme" in caplog.text


def test_a_rollback_adds_nobody_to_a_repository_whose_main_is_not_protected(launched: Fakes) -> None:
    launched.repo.collaborators.clear()
    launched.github.rules = replace(launched.github.rules, approvals=0)

    restore(launched, repository(PROPERTIES, PROPERTIES))

    assert launched.repo.collaborators == set()


def test_a_repository_of_another_launch_is_left_alone(launched: Fakes) -> None:
    [record] = launched.records.records.values()
    launched.records.records[PROJECT.record_key] = replace(record, stack="another")
    written = list(launched.github.writes)

    assert restore(launched, repository(PROPERTIES, {**PROPERTIES, "Users": ["ada", "hedy"]})).attributes == REPOSITORY
    assert launched.github.writes == written


def test_a_repository_is_described_by_its_name_while_github_cannot_be_asked(
    launched: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    def no_credential() -> None:
        raise CredentialError("nobody has set it")

    outcome = restore(launched, repository(PROPERTIES, PROPERTIES), no_credential)

    assert outcome.attributes == {key: REPOSITORY[key] for key in ("Name", "FullName", "Url", "CloneUrl")}
    assert "not restored" in caplog.text
    assert "nobody has set it" in caplog.text


@pytest.mark.parametrize("error", [GitHubError("500", 500), ZeroDivisionError("private detail")])
def test_github_s_errors_end_no_rollback(launched: Fakes, error: Exception) -> None:
    def fail(what: str) -> None:
        raise error

    launched.github.before_write = fail
    launched.repo.collaborators.clear()

    assert restore(launched, repository(PROPERTIES, {**PROPERTIES, "Users": ["hedy", "ada"]})).attributes == REPOSITORY


def test_roles_of_an_account_that_refuses_are_described_by_their_names(
    launched: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    launched.account.stacks = {key: replace(each, launch="another") for key, each in launched.account.stacks.items()}
    caplog.set_level(logging.WARNING)

    assert restore(launched, roles(ROLES_PROPERTIES, ROLES_PROPERTIES)).attributes == ARNS
    assert "belongs to another launch" in caplog.text


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"])
def test_an_update_that_its_rollback_overtakes_leaves_the_roles(launched: Fakes, status: str) -> None:
    launched.stacks.current = "UPDATE_IN_PROGRESS"
    launched.account.template = "two"

    def fail_elsewhere(now: float) -> None:
        launched.stacks.current = status

    launched.clock.on_sleep = fail_elsewhere

    if status == "UPDATE_ROLLBACK_COMPLETE":
        with pytest.raises(LaunchError, match="did not wait"):
            launched.roles_provisioner(ROLES).update()
    else:
        assert launched.roles_provisioner(ROLES).update() == ARNS
    assert "delete_stack" not in launched.account.changes
    assert "update_stack" in launched.account.changes


def test_an_update_that_a_deletion_overtakes_leaves_no_roles(launched: Fakes) -> None:
    launched.stacks.current = "UPDATE_IN_PROGRESS"
    launched.account.stacks.clear()

    def delete(now: float) -> None:
        launched.clock.on_sleep = lambda _: None
        launched.stacks.current = "DELETE_IN_PROGRESS"

    launched.clock.on_sleep = delete

    with pytest.raises(LaunchError, match="was deleted while it was being updated"):
        launched.roles_provisioner(ROLES).update()
    assert launched.account.stacks == {}
