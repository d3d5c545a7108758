"""Decisions of an account about a project: each call takes one step, and says what it waits for."""

from dataclasses import replace

import pytest

from functions.project_onboarding.errors import RefusedError
from functions.project_onboarding.onboarder import Answer, Done, Onboarder, Pending
from functions.project_onboarding.request import Repository, Request
from functions.project_onboarding.roles_stacks import RolesStack
from tests.functions.project_onboarding.fake_account import (
    ARNS,
    CHECK,
    KEPT,
    LAUNCH,
    NAME,
    OFFBOARD,
    ONBOARD,
    PROMOTED,
    REPOSITORY,
    SETTINGS,
    MemoryAccount,
)
from tests.functions.shared.clock import Clock

STRANGER = LAUNCH.replace("pp-x", "pp-y")
ANOTHER = Repository(name=REPOSITORY.name, id="2007")


@pytest.fixture
def account() -> MemoryAccount:
    return MemoryAccount(Clock())


def ask(account: MemoryAccount, request: Request) -> Answer:
    return account.onboarder().answer(request)


def carried_out(account: MemoryAccount, request: Request) -> Done:
    """Ask until it is done, as the template cloner does, for ten minutes."""
    answer = ask(account, request)
    for _ in range(300):
        if isinstance(answer, Done):
            return answer
        account.clock.sleep(2)
        answer = ask(account, replace(request, begun=answer.begun))
    raise AssertionError(f"still {answer}")


def refusal(account: MemoryAccount, request: Request) -> str:
    with pytest.raises(RefusedError) as error:
        carried_out(account, request)
    return str(error.value)


def test_a_project_gets_its_roles_by_one_stack_that_is_not_waited_for(account: MemoryAccount) -> None:
    answer = ask(account, ONBOARD)

    assert answer == Pending(waiting_for=f"stack {NAME} in account 333333333333", begun=True)
    assert account.changes == ["create_stack"]
    assert carried_out(account, replace(ONBOARD, begun=True)) == Done(roles=ARNS)
    assert account.stacks[NAME].repository == REPOSITORY


def test_asking_again_changes_nothing(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)

    assert carried_out(account, ONBOARD) == Done(roles=ARNS)
    assert account.stacks[NAME].status == "CREATE_COMPLETE"
    assert account.changes.count("create_stack") == 1


def test_a_newer_template_changes_the_roles(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)
    account.template = "two"

    assert carried_out(account, ONBOARD) == Done(roles=ARNS)
    assert account.stacks[NAME].status == "UPDATE_COMPLETE"


@pytest.mark.parametrize("repository", [ANOTHER, replace(REPOSITORY, name=f"x{REPOSITORY.name}")])
def test_a_project_keeps_its_repository(account: MemoryAccount, repository: Repository) -> None:
    carried_out(account, ONBOARD)
    account.template = "two"
    before = account.changes.copy()

    assert "a project keeps its repository" in refusal(account, replace(ONBOARD, repository=repository))
    assert account.changes == before
    assert account.stacks[NAME].repository == REPOSITORY


def test_a_stack_of_old_that_knows_no_number_keeps_the_name(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)
    account.stacks[NAME] = replace(account.stacks[NAME], repository=replace(REPOSITORY, id=""))

    assert carried_out(account, ONBOARD) == Done(roles=ARNS)
    renamed = replace(REPOSITORY, name=f"x{REPOSITORY.name}")
    assert "(of unknown id)" in refusal(account, replace(ONBOARD, repository=renamed))


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_what_an_earlier_attempt_left_failed_is_deleted_and_created_again(account: MemoryAccount, status: str) -> None:
    account.stacks[NAME] = RolesStack(status=status, reason="", launch=LAUNCH, repository=REPOSITORY, outputs={})

    assert carried_out(account, ONBOARD) == Done(roles=ARNS)
    assert account.changes[:2] == ["delete_stack", "create_stack"]


def test_an_earlier_attempt_that_is_still_being_rolled_back_is_waited_for(account: MemoryAccount) -> None:
    account.ends["CREATE_IN_PROGRESS"] = "ROLLBACK_COMPLETE"
    ask(account, ONBOARD)
    del account.ends["CREATE_IN_PROGRESS"]
    account.stacks[NAME] = replace(account.stacks[NAME], status="ROLLBACK_IN_PROGRESS")

    assert carried_out(account, ONBOARD) == Done(roles=ARNS)
    assert account.changes[:3] == ["create_stack", "delete_stack", "create_stack"]


def test_roles_that_cannot_be_made_are_refused_with_cloudformations_reason(account: MemoryAccount) -> None:
    account.ends["CREATE_IN_PROGRESS"] = "ROLLBACK_COMPLETE"

    assert refusal(account, ONBOARD) == (
        f"CloudFormation did not make the roles of {NAME} in account 333333333333 (ROLLBACK_COMPLETE): ModelRole: no"
    )
    assert account.changes == ["create_stack"]


def test_a_change_that_is_taken_back_is_refused_with_the_reason_and_then_tried_again(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)
    account.template = "two"
    account.ends["UPDATE_IN_PROGRESS"] = "UPDATE_ROLLBACK_COMPLETE"

    assert "(UPDATE_ROLLBACK_COMPLETE): ModelRole: no" in refusal(account, ONBOARD)
    del account.ends["UPDATE_IN_PROGRESS"]
    account.template = "three"
    assert carried_out(account, ONBOARD) == Done(roles=ARNS)


def test_another_launch_neither_changes_nor_deletes_a_project(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)
    account.deploys(NAME)
    before = account.changes.copy()

    assert "belongs to another launch" in refusal(account, replace(ONBOARD, launch=STRANGER))
    for request in (CHECK, OFFBOARD):
        assert ask(account, replace(request, launch=STRANGER)) == Done(roles={})
    assert account.changes == before
    assert account.served == {NAME: "InService"}


@pytest.mark.parametrize("status", ["InService", "Creating", "Updating", "Failed", "OutOfService", "RollingBack"])
@pytest.mark.parametrize("request_", [CHECK, OFFBOARD], ids=["check", "offboard"])
def test_a_project_that_serves_stays_and_nothing_of_it_is_touched(
    account: MemoryAccount, status: str, request_: Request
) -> None:
    carried_out(account, ONBOARD)
    account.deploys(NAME, status, for_seconds=3600)
    before, left = account.changes.copy(), account.left()

    assert refusal(account, request_) == (
        f"account 333333333333 (prod) still has the project's endpoint {NAME} ({status}): retire it first, by the workflow "
        "Retire of the project's deployment repository (production on GitHub Team: python -m deployment "
        "propose-retirement); then try again"
    )
    assert account.changes == before
    assert account.left() == left


def test_a_retired_project_goes_with_all_that_its_endpoints_left(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)
    account.deploys(NAME)
    account.retires(NAME)

    assert ask(account, CHECK) == Done(roles={})
    assert ask(account, OFFBOARD) == Pending(
        waiting_for=f"the end of endpoint {NAME} in account 333333333333", begun=False
    )
    assert carried_out(account, OFFBOARD) == Done(roles={})
    assert account.left() == ({}, {}, set())
    assert carried_out(account, OFFBOARD) == Done(roles={})


def test_a_batch_that_is_scheduled_does_not_go(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)
    account.scheduled = {f"{NAME}-batch": "ENABLED"}

    for request in (CHECK, OFFBOARD):
        reason = refusal(account, request)
        assert f"still has the project's schedule {NAME}-batch (ENABLED): retire it first" in reason
    account.scheduled = {}
    assert carried_out(account, OFFBOARD) == Done(roles={})


def test_a_promoted_pipeline_that_is_scheduled_does_not_go_and_says_where_its_schedule_is_set(
    account: MemoryAccount,
) -> None:
    carried_out(account, replace(ONBOARD, repository=PROMOTED))
    account.scheduled = {f"{NAME}-weekly": "ENABLED"}

    for request in (CHECK, OFFBOARD):
        reason = refusal(account, request)
        assert 'set schedule = "" for every environment in settings.toml of its repository' in reason
        assert "Retire" not in reason
    account.scheduled = {}
    assert ask(account, CHECK) == Done(roles={})


@pytest.mark.parametrize(("things", "kept"), [(0, set[str]()), (3, set(KEPT.values()))])
def test_a_promoted_pipeline_that_never_ran_leaves_no_bucket_and_no_group_and_one_that_ran_keeps_its_records(
    account: MemoryAccount, things: int, kept: set[str]
) -> None:
    carried_out(account, replace(ONBOARD, repository=PROMOTED))
    account.kept = dict.fromkeys(KEPT.values(), things)

    assert carried_out(account, OFFBOARD) == Done(roles={})
    assert account.kept.keys() == kept
    assert account.stacks == {}


def test_a_check_changes_nothing(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)
    account.remains = {f"{NAME}-v1-model"}
    before = account.changes.copy()

    assert ask(account, CHECK) == Done(roles={})
    assert account.changes == before
    assert account.remains


def test_an_endpoint_that_appears_while_the_roles_are_deleted_is_left_to_the_account_s_administrator(
    account: MemoryAccount,
) -> None:
    carried_out(account, ONBOARD)

    def deploy(what: str) -> None:
        if what == "delete_stack":
            account.deploys(NAME)

    account.before_change = deploy

    assert "retire it first" in refusal(account, OFFBOARD)
    account.clock.sleep(60)
    assert "an administrator of the account deletes it first" in refusal(account, OFFBOARD)
    assert account.served == {NAME: "InService"}


def test_roles_that_resist_their_deletion_are_named_with_the_reason_and_tried_again(account: MemoryAccount) -> None:
    carried_out(account, ONBOARD)
    account.ends["DELETE_IN_PROGRESS"] = "DELETE_FAILED"

    assert "(DELETE_FAILED: ModelRole: no); remove what holds it there" in refusal(account, OFFBOARD)
    del account.ends["DELETE_IN_PROGRESS"]
    assert carried_out(account, OFFBOARD) == Done(roles={})
    assert account.stacks == {}


def test_a_stack_that_is_being_made_is_waited_for_before_it_is_deleted(account: MemoryAccount) -> None:
    ask(account, ONBOARD)

    assert ask(account, OFFBOARD) == Pending(waiting_for=f"stack {NAME} in account 333333333333", begun=False)
    assert account.changes == ["create_stack"]
    carried_out(account, OFFBOARD)
    assert account.stacks == {}


SCORING = Repository(name="mlops-abalone-p-abcdefghijkl-model-deployment-batch", id="2006")


def closed_to(kind: str, account: MemoryAccount) -> Onboarder:
    """An account whose settings do not let a kind of repositories in: it publishes no template for them."""
    urls = {each: url for each, url in SETTINGS.template_urls.items() if each != kind}
    return Onboarder(settings=replace(SETTINGS, template_urls=urls), stacks=account, deployments=account)


@pytest.mark.parametrize(
    ("repository", "reason"),
    [
        (PROMOTED, "takes no promoted pipelines: launch another product; .*workload.promotedPipelines: true"),
        (SCORING, "takes no batches: launch the product with Inference realtime; .*workload.batches: true"),
    ],
)
def test_an_account_refuses_what_its_settings_do_not_let_in_before_anything_is_created(
    account: MemoryAccount, repository: Repository, reason: str
) -> None:
    closed = closed_to(repository.kind, account)

    with pytest.raises(RefusedError, match=rf"^account 333333333333 \(prod\) {reason}"):
        closed.answer(replace(ONBOARD, repository=repository))
    assert (account.stacks, account.changes) == ({}, [])
    assert isinstance(closed.answer(ONBOARD), Pending)


@pytest.mark.parametrize("repository", [PROMOTED, SCORING])
def test_what_came_before_the_account_let_it_in_no_more_keeps_what_it_has_and_may_go(
    account: MemoryAccount, repository: Repository
) -> None:
    carried_out(account, replace(ONBOARD, repository=repository))
    before = dict(account.stacks)
    account.template = "two"
    closed = closed_to(repository.kind, account)

    with pytest.raises(RefusedError, match=r"Nothing was created or changed there$"):
        closed.answer(replace(ONBOARD, repository=repository))
    assert account.stacks == before
    assert isinstance(closed.answer(OFFBOARD), Pending)
