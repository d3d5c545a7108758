"""Properties of custom resources are checked before anything is changed, and every problem is reported at once."""

from dataclasses import replace

import pytest

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.properties import (
    parse_deletion_check,
    parse_deployment_roles,
    parse_first_run,
    parse_project,
)
from tests.functions.template_cloner.fake_function import ROLES

PROPERTIES: dict[str, object] = {
    "ServiceToken": "arn:aws:lambda:…",
    "ServiceTimeout": "1200",
    "ProjectName": "abalone",
    "ProjectId": "p-abcdefghijkl",
    "Kind": "model-training",
    "Users": ["ada", "grace, mary"],
    "Environments": ["dev"],
    "Settings": {"pipeline": {"name": "abalone", "subnet_ids": ["subnet-1,subnet-2"]}},
}

ROLES_PROPERTIES: dict[str, object] = {
    "ServiceToken": "arn:aws:lambda:…",
    "ServiceTimeout": "1200",
    "ProjectName": ROLES.project_name,
    "ProjectId": ROLES.project_id,
    "RepositoryName": ROLES.repository_name,
    "RepositoryId": ROLES.repository_id,
    "Environment": ROLES.environment,
    "AccountId": ROLES.account_id,
}

CHECK: dict[str, object] = {
    "ProjectName": ROLES.project_name,
    "ProjectId": ROLES.project_id,
    "Accounts": {ROLES.environment: ROLES.account_id},
}


def test_a_project_is_read() -> None:
    project = parse_project(PROPERTIES, "acme")

    assert project.full_name == "acme/mlops-abalone-p-abcdefghijkl-model-training"
    assert project.template == "mlops-template-model-training"
    assert project.environments == ("dev",)


def test_a_list_that_cloudformation_resolved_to_one_text_becomes_a_list() -> None:
    project = parse_project(PROPERTIES, "acme")

    assert project.settings == {"pipeline": {"name": "abalone", "subnet_ids": ["subnet-1", "subnet-2"]}}


def test_settings_and_environments_may_be_left_out() -> None:
    required = {key: value for key, value in PROPERTIES.items() if key not in ("Settings", "Environments")}

    project = parse_project(required, "acme")

    assert (project.settings, project.environments) == ({}, ())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("ProjectName", "Abalone", "ProjectName 'Abalone' must be 1 to 32 lower-case letters"),
        ("ProjectName", "-abalone", "must be 1 to 32"),
        ("ProjectName", "abalone-", "must be 1 to 32"),
        ("ProjectName", "", "must be 1 to 32"),
        ("ProjectName", "a" * 33, "has 33 characters; at most 32 are possible"),
        ("ProjectId", "p-ABCDEFGHIJKL", "p- and 12 lower-case letters"),
        ("ProjectId", "p-abc", "p- and 12 lower-case letters"),
        ("Kind", "../secrets", "kind of a template repository"),
        ("Users", ["ada@example.com"], "must be GitHub logins"),
        ("Users", ["ada", "-ada"], "must be GitHub logins"),
        ("Users", ["ada", "grace,,mary"], "must be GitHub logins"),
        ("Users", ["a" * 40], "must be GitHub logins"),
        ("Users", [], "must be GitHub logins"),
        ("Users", "ada", "must be GitHub logins"),
        ("Users", None, "must be GitHub logins"),
        ("Users", ["ada", "grace,Ada"], "name everybody once; nobody approves their own changes"),
        ("Environments", "dev", "Environments must be a list"),
        ("Environments", ["dev", 1], "Environments must be a list"),
        ("Environments", ["Dev"], "Environments must be a list"),
        ("ReleasedEnvironments", "prod", "a list of names like those of Environments"),
        ("ReleasedEnvironments", ["Prod"], "a list of names like those of Environments"),
        ("Settings", "text", "Settings must be tables"),
        ("Settings", {"pipeline": "text"}, "Settings must be tables"),
        ("Settings", {"pipeline": {"deep": {"er": "x"}}}, "Settings must be tables"),
    ],
)
def test_a_wrong_property_is_named(key: str, value: object, message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        parse_project({**PROPERTIES, key: value}, "acme")


def test_users_and_the_environments_that_need_a_release_are_read() -> None:
    properties = {**PROPERTIES, "Environments": ["preprod", "prod"], "ReleasedEnvironments": ["prod"]}

    assert parse_project(properties, "acme").released == ("prod",)
    assert parse_project(PROPERTIES, "acme").released == ()
    assert parse_project(PROPERTIES, "acme").users == ("ada", "grace", "mary")


def test_a_project_that_was_launched_with_one_user_can_still_be_updated_and_deleted() -> None:
    earlier = {key: value for key, value in PROPERTIES.items() if key != "Users"}
    reviewers = {"Environments": ["prod"], "Reviewers": {"prod": ["hedy"]}}

    assert parse_project({**earlier, **reviewers, "User": "ada"}, "acme").users == ("ada",)


def test_roles_are_read() -> None:
    roles = parse_deployment_roles(ROLES_PROPERTIES, "analytics")

    assert roles == ROLES
    assert roles.name == "analytics-prod-p-abcdefghijkl"


def test_roles_of_a_product_that_was_published_earlier_name_no_repository() -> None:
    earlier = {key: value for key, value in ROLES_PROPERTIES.items() if not key.startswith("Repository")}
    subject = {"RepositorySubject": "repo:acme@1001/mlops-abalone-p-abcdefghijkl-model-deployment-realtime@2006"}

    roles = parse_deployment_roles({**earlier, **subject}, "analytics")

    assert roles == replace(ROLES, repository_name="", repository_id="")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("ProjectName", "Abalone", "the name of a project"),
        ("ProjectId", "p-abc", "p- and 12 lower-case letters"),
        ("Environment", "Prod", "an environment, such as prod"),
        ("AccountId", "33", "the 12 digits of an account"),
        ("RepositoryName", "acme/website", "a project's repository"),
        ("RepositoryName", "website", "a project's repository"),
        ("RepositoryName", None, "a project's repository"),
        ("RepositoryId", "2006*", "GitHub's number of it"),
        ("RepositoryId", None, "GitHub's number of it"),
    ],
)
def test_a_wrong_property_of_roles_is_named(key: str, value: object, message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        parse_deployment_roles({**ROLES_PROPERTIES, key: value}, "analytics")


def test_a_long_project_name_is_accepted_up_to_its_limit() -> None:
    assert parse_project({**PROPERTIES, "ProjectName": "a" * 32}, "acme").project_name == "a" * 32


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(LaunchError) as error:
        parse_project({}, "acme")

    assert all(key in str(error.value) for key in ("ProjectName", "ProjectId", "Kind", "Users"))


def test_properties_that_are_none_are_refused() -> None:
    with pytest.raises(LaunchError):
        parse_project(None, "acme")


@pytest.mark.parametrize("given", ["", "On", "yes", None, True])
def test_a_deletion_protection_is_on_or_off(given: object) -> None:
    with pytest.raises(LaunchError, match="must be on or off"):
        parse_deletion_check({**CHECK, "DeletionProtection": given}, "analytics")


@pytest.mark.parametrize(
    ("more", "protects"), [({}, False), ({"DeletionProtection": "off"}, False), ({"DeletionProtection": "on"}, True)]
)
def test_a_product_that_was_published_earlier_has_no_deletion_protection(
    more: dict[str, object], protects: bool
) -> None:
    assert parse_deletion_check({**CHECK, **more}, "analytics").protects == protects


def test_a_first_run_is_read() -> None:
    run = parse_first_run({"Repository": "acme/mlops-abalone-p-1-model-training", "Workflow": "train.yml"}, "acme")

    assert (run.repository, run.workflow) == ("acme/mlops-abalone-p-1-model-training", "train.yml")


def test_a_first_run_finds_the_organization_as_github_spells_it() -> None:
    run = parse_first_run({"Repository": "Acme/mlops-abalone-p-1-model-training", "Workflow": "train.yml"}, "acme")

    assert run.repository == "Acme/mlops-abalone-p-1-model-training"


@pytest.mark.parametrize(
    ("repository", "workflow"),
    [
        ("evil/mlops-abalone", "train.yml"),
        ("acme/website", "train.yml"),
        ("acme/mlops-a/../../x", "train.yml"),
        ("acme/mlops-abalone", "../../secrets"),
        ("acme/mlops-abalone", "train.sh"),
    ],
)
def test_a_first_run_reaches_only_workflows_of_projects(repository: str, workflow: str) -> None:
    with pytest.raises(LaunchError):
        parse_first_run({"Repository": repository, "Workflow": workflow}, "acme")
