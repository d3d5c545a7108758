"""A request is parsed once: its kind, its resource before and after, its physical id, or its problems."""

from dataclasses import replace

import pytest

from functions.template_cloner.request import Request, parse_request
from functions.template_cloner.resources import FirstRun
from tests.functions.project_onboarding.fake_account import LAUNCH
from tests.functions.template_cloner.fake_function import ROLES
from tests.functions.template_cloner.fakes import PROJECT
from tests.functions.template_cloner.test_properties import PROPERTIES, ROLES_PROPERTIES
from tests.functions.template_cloner.test_routing import FIRST_RUN, request, roles_request

RUN = FirstRun(repository=PROJECT.full_name, workflow="train.yml")
WRONG = {"ProjectName": "Capitals"}


def parse(asked: dict[str, object]) -> Request:
    return parse_request(asked, organization="acme", unit="analytics")


def run_request(kind: str, properties: object = FIRST_RUN, **more: object) -> dict[str, object]:
    return request(kind, properties, **more) | {"ResourceType": "Custom::FirstWorkflowRun"}


def test_a_creation_has_its_resource_and_its_stack() -> None:
    found = parse(roles_request("Create", StackId=LAUNCH))

    assert found == Request(kind="Create", physical_id=ROLES.name, stack_id=LAUNCH, resource=ROLES)


def test_an_update_has_the_resource_before_and_after() -> None:
    properties = {**ROLES_PROPERTIES, "ProjectName": "capitals"}
    asked = roles_request("Update", properties, OldResourceProperties=ROLES_PROPERTIES, PhysicalResourceId="given")

    found = parse(asked)

    assert (found.resource, found.old) == (replace(ROLES, project_name="capitals"), ROLES)
    assert (found.physical_id, found.problems) == ("given", "")


@pytest.mark.parametrize(
    "asked",
    [
        request("Delete", WRONG, PhysicalResourceId="given"),
        roles_request("Delete", WRONG, PhysicalResourceId="given"),
        run_request("Delete", {}, PhysicalResourceId="given"),
        run_request("Update", {}, PhysicalResourceId="given"),
        run_request("Update", PhysicalResourceId="given"),
    ],
)
def test_there_is_nothing_to_do_for_a_refused_resource_or_a_started_run(asked: dict[str, object]) -> None:
    found = parse(asked)

    assert (found.resource, found.problems, found.physical_id) == (None, "", "given")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (request("Create", WRONG), "ProjectName 'Capitals' must be"),
        (roles_request("Create", WRONG), "ProjectName 'Capitals' must be"),
        (run_request("Create", {}), "Repository None must be"),
        (request("Create") | {"ResourceType": "Custom::Other"}, "does not serve resources of type Custom::Other"),
        (request("Delete") | {"ResourceType": "Custom::Other"}, "does not serve resources of type Custom::Other"),
        (request("Read"), "does not serve requests of type Read"),
    ],
)
def test_a_request_that_is_not_valid_has_its_problems_and_no_resource(asked: dict[str, object], problem: str) -> None:
    found = parse(asked)

    assert problem in found.problems
    assert (found.resource, found.old, found.physical_id) == (None, None, "Repository")


@pytest.mark.parametrize(
    ("asked", "problem", "known"),
    [
        (request("Update", OldResourceProperties=WRONG), "ProjectName 'Capitals' must be", (True, False)),
        (request("Update", WRONG, OldResourceProperties=PROPERTIES), "ProjectName 'Capitals' must be", (False, True)),
        (request("Update"), "ProjectName None must be", (True, False)),
    ],
)
def test_an_update_that_is_not_valid_has_its_problems_and_the_properties_that_are(
    asked: dict[str, object], problem: str, known: tuple[bool, bool]
) -> None:
    found = parse(asked)

    assert problem in found.problems
    assert (found.resource is not None, found.old is not None) == known


def test_a_first_run_is_parsed_for_its_creation() -> None:
    assert parse(run_request("Create")).resource == RUN


def test_a_request_without_time_gets_advice_for_its_kind() -> None:
    assert parse(request("Delete")).advice == "delete the project again"
    assert parse(request("Create")).advice.startswith("launch again")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request("Create"), PROJECT.full_name),
        (request("Delete", PhysicalResourceId="given"), "given"),
        (request("Create", {"ProjectName": "Capitals"}), "Repository"),
        (request("Create", ROLES_PROPERTIES) | {"ResourceType": "Custom::DeploymentRoles"}, ROLES.name),
        (request("Create", FIRST_RUN) | {"ResourceType": "Custom::FirstWorkflowRun"}, f"{PROJECT.full_name}/train.yml"),
    ],
)
def test_a_physical_id_is_given_or_derived(asked: dict[str, object], expected: str) -> None:
    assert parse(asked).physical_id == expected
    unconfigured = parse_request(asked | {"PhysicalResourceId": "given"}, organization="", unit="")
    assert unconfigured.physical_id == "given"


def test_no_new_project_has_the_id_of_another_in_its_name_and_one_that_has_it_is_deleted() -> None:
    properties = {**PROPERTIES, "ProjectName": "abalone-p-mnopqrstuvwx"}

    assert "'abalone-p-mnopqrstuvwx' contains the id of a project" in parse(request("Create", properties)).problems
    deleted = parse(request("Delete", properties, PhysicalResourceId="given"))
    assert (deleted.resource is not None, deleted.problems) == (True, "")
