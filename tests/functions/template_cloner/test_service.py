"""Which request asks for what, and what CloudFormation is told."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.template_cloner import service
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.event import Settings
from tests.functions.template_cloner.account import ARNS, ROLES
from tests.functions.template_cloner.test_event import ENVIRONMENT, PROPERTIES, ROLES_PROPERTIES
from tests.functions.template_cloner.world import PROJECT, World

FIRST_RUN = {"Repository": PROJECT.full_name, "Workflow": "train.yml"}


@pytest.fixture
def world() -> World:
    return World()


def request(kind: str, properties: object = PROPERTIES, **more: object) -> dict[str, object]:
    return {
        "RequestType": kind,
        "ResourceType": "Custom::ProjectRepository",
        "LogicalResourceId": "Repository",
        "ResourceProperties": properties,
        **more,
    }


def carry_out(world: World, asked: Mapping[str, object], subjects: str = "immutable") -> service.Outcome:
    settings = Settings.from_environment({**ENVIRONMENT, "OIDC_SUBJECTS": subjects})
    workers = service.Workers(launcher=world.launcher, roles_maker=lambda roles: world.roles_maker())
    return service.carry_out(asked, service.physical_id(asked, ENVIRONMENT), settings, workers)


def test_a_created_repository_is_described_to_the_template(world: World) -> None:
    outcome = carry_out(world, request("Create"))

    assert outcome.physical_id == "acme/mlops-abalone-p-abcdefghijkl-model-training"
    assert outcome.attributes == {
        "Name": "mlops-abalone-p-abcdefghijkl-model-training",
        "FullName": "acme/mlops-abalone-p-abcdefghijkl-model-training",
        "Url": "https://github.example.com/acme/mlops-abalone-p-abcdefghijkl-model-training",
        "CloneUrl": "https://github.example.com/acme/mlops-abalone-p-abcdefghijkl-model-training.git",
        "Id": "2005",
        "SubjectPrefix": "repo:acme@1001/mlops-abalone-p-abcdefghijkl-model-training@2005",
    }


def test_older_servers_name_repositories_in_tokens_without_ids(world: World) -> None:
    outcome = carry_out(world, request("Create"), subjects="legacy")

    assert outcome.attributes["SubjectPrefix"] == "repo:acme/mlops-abalone-p-abcdefghijkl-model-training"


def test_an_update_never_changes_the_physical_id(world: World) -> None:
    carry_out(world, request("Create"))

    asked = request("Update", OldResourceProperties=PROPERTIES, PhysicalResourceId="acme/as-it-was")

    assert carry_out(world, asked).physical_id == "acme/as-it-was"


def test_a_deleted_project_is_archived(world: World) -> None:
    carry_out(world, request("Create"))
    world.stacks.current = "DELETE_IN_PROGRESS"

    carry_out(world, request("Delete", PhysicalResourceId=PROJECT.full_name))

    assert world.repo.repository.archived


def test_deleting_what_was_refused_succeeds(world: World) -> None:
    asked = request("Delete", {"ProjectName": "Capitals"}, PhysicalResourceId="Repository")

    assert carry_out(world, asked).physical_id == "Repository"
    assert world.github.writes == []


def test_the_first_run_is_started_by_create_only(world: World) -> None:
    carry_out(world, request("Create"))
    identifier = f"{PROJECT.full_name}/train.yml"

    for kind in ("Create", "Update", "Delete"):
        more: dict[str, Any] = {} if kind == "Create" else {"PhysicalResourceId": identifier}
        asked = request(kind, FIRST_RUN, **more) | {"ResourceType": "Custom::FirstWorkflowRun"}
        assert carry_out(world, asked) == service.Outcome(physical_id=identifier)

    assert world.repo.dispatches == ["train.yml"]


def roles_request(kind: str, properties: object = ROLES_PROPERTIES, **more: object) -> dict[str, object]:
    return request(kind, properties, **more) | {"ResourceType": "Custom::DeploymentRoles"}


def test_roles_are_described_to_the_template(world: World) -> None:
    assert carry_out(world, roles_request("Create")) == service.Outcome(physical_id=ROLES.name, attributes=ARNS)


def test_roles_are_updated_and_keep_their_id(world: World) -> None:
    carry_out(world, roles_request("Create"))
    asked = roles_request("Update", OldResourceProperties=ROLES_PROPERTIES, PhysicalResourceId="as-it-was")

    assert carry_out(world, asked) == service.Outcome(physical_id="as-it-was", attributes=ARNS)


@pytest.mark.parametrize("key", ["ProjectId", "Environment", "AccountId"])
def test_roles_never_move(world: World, key: str) -> None:
    before = {"ProjectId": "p-mnopqrstuvwx", "Environment": "preprod", "AccountId": "222222222222"}[key]
    asked = roles_request("Update", OldResourceProperties={**ROLES_PROPERTIES, key: before})

    with pytest.raises(LaunchError, match="a project stays where it deploys; launch a new one"):
        carry_out(world, asked)
    assert world.account.changes == []


def test_deleted_roles_are_gone(world: World) -> None:
    carry_out(world, roles_request("Create"))
    world.stacks.current = "DELETE_IN_PROGRESS"

    outcome = carry_out(world, roles_request("Delete", PhysicalResourceId=ROLES.name))

    assert outcome == service.Outcome(physical_id=ROLES.name)
    assert world.account.stacks == {}


def test_roles_that_were_refused_need_no_deletion(world: World) -> None:
    wrong = {**ROLES_PROPERTIES, "AccountId": "somewhere"}

    with pytest.raises(LaunchError, match="the 12 digits of an account"):
        carry_out(world, roles_request("Create", wrong))
    assert carry_out(world, roles_request("Delete", wrong)) == service.Outcome(physical_id="Repository")
    assert world.account.changes == []


def test_another_resource_type_is_refused(world: World) -> None:
    with pytest.raises(LaunchError, match="does not serve resources of type Custom::Other"):
        carry_out(world, request("Create") | {"ResourceType": "Custom::Other"})


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
    assert service.physical_id(asked, ENVIRONMENT) == expected
    assert service.physical_id(asked | {"PhysicalResourceId": "given"}, {}) == "given"
