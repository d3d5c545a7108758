"""Requests are routed to the code that carries them out, and CloudFormation learns the outcome."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.template_cloner import routing
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.request import parse_request
from functions.template_cloner.settings import Settings
from tests.functions.project_onboarding.fake_account import ARNS
from tests.functions.template_cloner.fake_function import ROLES
from tests.functions.template_cloner.fakes import PROJECT, Fakes
from tests.functions.template_cloner.test_properties import PROPERTIES, ROLES_PROPERTIES
from tests.functions.template_cloner.test_settings import ENVIRONMENT

FIRST_RUN = {"Repository": PROJECT.full_name, "Workflow": "train.yml"}


def request(kind: str, properties: object = PROPERTIES, **more: object) -> dict[str, object]:
    return {
        "RequestType": kind,
        "ResourceType": "Custom::ProjectRepository",
        "LogicalResourceId": "Repository",
        "ResourceProperties": properties,
        **more,
    }


def carry_out(fakes: Fakes, asked: Mapping[str, object], subjects: str = "immutable") -> routing.Outcome:
    settings = Settings.from_environment({**ENVIRONMENT, "OIDC_SUBJECTS": subjects})
    return routing.carry_out(parse_request(asked, organization="acme", unit="analytics"), settings, fakes.workers)


def test_a_created_repository_is_described_to_the_template(fakes: Fakes) -> None:
    outcome = carry_out(fakes, request("Create"))

    assert outcome.physical_id == "acme/mlops-abalone-p-abcdefghijkl-model-training"
    assert outcome.attributes == {
        "Name": "mlops-abalone-p-abcdefghijkl-model-training",
        "FullName": "acme/mlops-abalone-p-abcdefghijkl-model-training",
        "Url": "https://github.example.com/acme/mlops-abalone-p-abcdefghijkl-model-training",
        "CloneUrl": "https://github.example.com/acme/mlops-abalone-p-abcdefghijkl-model-training.git",
        "Id": "2005",
        "SubjectPrefix": "repo:acme@1001/mlops-abalone-p-abcdefghijkl-model-training@2005",
    }


def test_older_servers_name_repositories_in_tokens_without_ids(fakes: Fakes) -> None:
    outcome = carry_out(fakes, request("Create"), subjects="legacy")

    assert outcome.attributes["SubjectPrefix"] == "repo:acme/mlops-abalone-p-abcdefghijkl-model-training"


def test_an_update_never_changes_the_physical_id(fakes: Fakes) -> None:
    carry_out(fakes, request("Create"))

    asked = request("Update", OldResourceProperties=PROPERTIES, PhysicalResourceId="acme/as-it-was")

    assert carry_out(fakes, asked).physical_id == "acme/as-it-was"


def test_a_deleted_project_is_archived(fakes: Fakes) -> None:
    carry_out(fakes, request("Create"))
    fakes.stacks.current = "DELETE_IN_PROGRESS"

    carry_out(fakes, request("Delete", PhysicalResourceId=PROJECT.full_name))

    assert fakes.repo.repository.archived


def test_deleting_a_refused_resource_succeeds(fakes: Fakes) -> None:
    asked = request("Delete", {"ProjectName": "Capitals"}, PhysicalResourceId="Repository")

    assert carry_out(fakes, asked).physical_id == "Repository"
    assert fakes.github.writes == []


def test_the_first_run_is_started_by_create_only(fakes: Fakes) -> None:
    carry_out(fakes, request("Create"))
    identifier = f"{PROJECT.full_name}/train.yml"

    for kind in ("Create", "Update", "Delete"):
        more: dict[str, Any] = {} if kind == "Create" else {"PhysicalResourceId": identifier}
        asked = request(kind, FIRST_RUN, **more) | {"ResourceType": "Custom::FirstWorkflowRun"}
        assert carry_out(fakes, asked) == routing.Outcome(physical_id=identifier)

    assert fakes.repo.dispatches == ["train.yml"]


def roles_request(kind: str, properties: object = ROLES_PROPERTIES, **more: object) -> dict[str, object]:
    return request(kind, properties, **more) | {"ResourceType": "Custom::DeploymentRoles"}


def test_roles_are_described_to_the_template(fakes: Fakes) -> None:
    assert carry_out(fakes, roles_request("Create")) == routing.Outcome(physical_id=ROLES.name, attributes=ARNS)


def test_roles_are_updated_and_keep_their_id(fakes: Fakes) -> None:
    carry_out(fakes, roles_request("Create"))
    asked = roles_request("Update", OldResourceProperties=ROLES_PROPERTIES, PhysicalResourceId="as-it-was")

    assert carry_out(fakes, asked) == routing.Outcome(physical_id="as-it-was", attributes=ARNS)


@pytest.mark.parametrize("key", ["ProjectId", "Environment", "AccountId"])
def test_the_account_of_a_project_s_roles_never_changes(fakes: Fakes, key: str) -> None:
    before = {"ProjectId": "p-mnopqrstuvwx", "Environment": "preprod", "AccountId": "222222222222"}[key]
    asked = roles_request("Update", OldResourceProperties={**ROLES_PROPERTIES, key: before})

    with pytest.raises(LaunchError, match="a project stays where it deploys; launch a new one"):
        carry_out(fakes, asked)
    assert fakes.account.changes == []


def test_deleted_roles_are_gone(fakes: Fakes) -> None:
    carry_out(fakes, roles_request("Create"))
    fakes.stacks.current = "DELETE_IN_PROGRESS"

    outcome = carry_out(fakes, roles_request("Delete", PhysicalResourceId=ROLES.name))

    assert outcome == routing.Outcome(physical_id=ROLES.name)
    assert fakes.account.stacks == {}


def test_roles_that_were_refused_need_no_deletion(fakes: Fakes) -> None:
    wrong = {**ROLES_PROPERTIES, "AccountId": "somewhere"}

    with pytest.raises(LaunchError, match="the 12 digits of an account"):
        carry_out(fakes, roles_request("Create", wrong))
    assert carry_out(fakes, roles_request("Delete", wrong)) == routing.Outcome(physical_id="Repository")
    assert fakes.account.changes == []


CHECK_PROPERTIES = {
    "ServiceToken": "arn:aws:lambda:…",
    "ProjectName": ROLES.project_name,
    "ProjectId": ROLES.project_id,
    "Accounts": {"preprod": "333333333333", "prod": "333333333333"},
}


def check_request(kind: str, properties: object = CHECK_PROPERTIES, **more: object) -> dict[str, object]:
    return request(kind, properties, **more) | {"ResourceType": "Custom::DeletionCheck"}


def test_a_deletion_check_keeps_its_id_and_changes_nothing_in_the_accounts(fakes: Fakes) -> None:
    for kind, status in (
        ("Create", "CREATE_IN_PROGRESS"),
        ("Update", "UPDATE_IN_PROGRESS"),
        ("Delete", "DELETE_IN_PROGRESS"),
    ):
        fakes.stacks.current = status
        asked = check_request(kind, OldResourceProperties=CHECK_PROPERTIES)
        assert carry_out(fakes, asked) == routing.Outcome(physical_id="p-abcdefghijkl/deletion-check")
    assert fakes.account.changes == []


@pytest.mark.parametrize("accounts", [{}, None, {"prod": "somewhere"}, {"Prod": "333333333333"}])
def test_a_deletion_check_names_accounts(fakes: Fakes, accounts: object) -> None:
    with pytest.raises(LaunchError, match=r"Account|Environment"):
        carry_out(fakes, check_request("Create", {**CHECK_PROPERTIES, "Accounts": accounts}))


def test_another_resource_type_is_refused(fakes: Fakes) -> None:
    with pytest.raises(LaunchError, match="does not serve resources of type Custom::Other"):
        carry_out(fakes, request("Create") | {"ResourceType": "Custom::Other"})
