"""The stack of a project's roles, with AWS's clients in memory."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from functions.project_onboarding.errors import RefusedError
from functions.project_onboarding.request import Repository
from functions.project_onboarding.roles_stacks import RolesStack, RolesStacks
from tests.functions.project_onboarding.fake_account import ARNS, LAUNCH, NAME, PROJECT, REPOSITORY, SETTINGS
from tests.functions.project_onboarding.fake_clients import Client, error


@pytest.fixture
def stacks(client: Client) -> RolesStacks:
    return RolesStacks(SETTINGS, client)


def described(status: str, **more: object) -> dict[str, object]:
    return {"Stacks": [{"StackStatus": status, **more}]}


def test_a_stack_is_read(stacks: RolesStacks, client: Client) -> None:
    client.answers["describe_stacks"] = described(
        "CREATE_COMPLETE",
        Parameters=[
            {"ParameterKey": "LaunchStackId", "ParameterValue": LAUNCH},
            {"ParameterKey": "RepositoryName", "ParameterValue": REPOSITORY.name},
            {"ParameterKey": "RepositoryId", "ParameterValue": REPOSITORY.id},
        ],
        Outputs=[{"OutputKey": key, "OutputValue": value} for key, value in ARNS.items()],
    )

    assert stacks.stack(NAME) == RolesStack(
        status="CREATE_COMPLETE", reason="", launch=LAUNCH, repository=REPOSITORY, outputs=ARNS
    )


@pytest.mark.parametrize(
    ("subject", "known"),
    [
        (f"repo:acme@1001/{REPOSITORY.name}@2006", REPOSITORY),
        (f"repo:acme/{REPOSITORY.name}", Repository(name=REPOSITORY.name, id="")),
        ("anything", Repository(name="", id="")),
    ],
)
def test_a_stack_that_was_made_earlier_names_its_repository_by_a_subject(
    stacks: RolesStacks, client: Client, subject: str, known: Repository
) -> None:
    parameters = [{"ParameterKey": "RepositorySubject", "ParameterValue": subject}]
    client.answers["describe_stacks"] = described("CREATE_COMPLETE", Parameters=parameters)

    found = stacks.stack(NAME)

    assert found is not None
    assert found.repository == known


def test_a_stack_that_does_not_exist_is_none(stacks: RolesStacks, client: Client) -> None:
    client.answers["describe_stacks"] = error("ValidationError", f"Stack with id {NAME} does not exist")

    assert stacks.stack(NAME) is None


@pytest.mark.parametrize("failure", [error("ValidationError", "wrong name"), error("AccessDenied", "does not exist")])
def test_other_failures_are_not_taken_for_a_missing_stack(
    stacks: RolesStacks, client: Client, failure: ClientError
) -> None:
    client.answers["describe_stacks"] = failure

    with pytest.raises(ClientError):
        stacks.stack(NAME)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        (
            [
                {"ResourceStatus": "ROLLBACK_IN_PROGRESS", "LogicalResourceId": NAME},
                {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "DeploymentRole"},
                {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "ModelRole", "ResourceStatusReason": "denied"},
                {"ResourceStatus": "CREATE_IN_PROGRESS", "LogicalResourceId": "ModelRole"},
            ],
            "ModelRole: denied",
        ),
        ([{"ResourceStatus": "DELETE_FAILED", "LogicalResourceId": "ModelRole"}], "ModelRole: no reason given"),
        ([{"LogicalResourceId": "ModelRole"}], "CloudFormation gives no reason"),
    ],
)
def test_a_failed_stack_is_read_with_the_first_reason(
    stacks: RolesStacks, client: Client, events: list[dict[str, str]], reason: str
) -> None:
    client.answers["describe_stacks"] = described("ROLLBACK_COMPLETE")
    client.answers["describe_stack_events"] = {"StackEvents": events}

    found = stacks.stack(NAME)

    assert found is not None
    assert found.reason == reason


def test_the_roles_are_created_by_the_published_template_and_role(stacks: RolesStacks, client: Client) -> None:
    stacks.create_stack(NAME, PROJECT, REPOSITORY, LAUNCH)

    [asked] = client.did("create_stack")
    assert {each["ParameterKey"]: each["ParameterValue"] for each in asked.pop("Parameters")} == {
        "Unit": "analytics",
        "Environment": "prod",
        "ProjectName": "abalone",
        "ProjectId": "p-abcdefghijkl",
        "RepositoryName": REPOSITORY.name,
        "RepositoryId": "2006",
        "LaunchStackId": LAUNCH,
    }
    assert asked == {
        "StackName": NAME,
        "TemplateURL": SETTINGS.template_urls["model-deployment-realtime"],
        "RoleARN": SETTINGS.stack_role_arn,
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }


def test_a_project_gets_the_roles_of_its_way_to_deploy(stacks: RolesStacks, client: Client) -> None:
    batch = replace(REPOSITORY, name=REPOSITORY.name.replace("realtime", "batch"))
    stacks.create_stack(NAME, PROJECT, batch, LAUNCH)
    stacks.update_stack(NAME, PROJECT, batch, LAUNCH)

    asked = [*client.did("create_stack"), *client.did("update_stack")]
    assert {each["TemplateURL"] for each in asked} == {SETTINGS.template_urls["model-deployment-batch"]}


def test_a_project_whose_pipeline_is_promoted_gets_what_that_needs(stacks: RolesStacks, client: Client) -> None:
    repository = Repository(name="mlops-abalone-p-abcdefghijkl-pipeline-promotion", id="2006")
    stacks.create_stack(NAME, PROJECT, repository, LAUNCH)

    [asked] = client.did("create_stack")
    assert asked["TemplateURL"] == SETTINGS.template_urls["pipeline-promotion"]
    assert {each["ParameterKey"]: each["ParameterValue"] for each in asked["Parameters"]} == {
        "Unit": "analytics",
        "Environment": "prod",
        "SageMakerProjectName": "abalone",
        "SageMakerProjectId": "p-abcdefghijkl",
        "RepositoryName": repository.name,
        "RepositoryId": "2006",
        "LaunchStackId": LAUNCH,
    }


def test_a_stack_that_another_request_makes_is_left_to_it(stacks: RolesStacks, client: Client) -> None:
    client.answers["create_stack"] = error("AlreadyExistsException")
    stacks.create_stack(NAME, PROJECT, REPOSITORY, LAUNCH)

    client.answers["create_stack"] = error("AccessDenied")
    with pytest.raises(ClientError):
        stacks.create_stack(NAME, PROJECT, REPOSITORY, LAUNCH)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"StackId": "x"}, "started"),
        (error("ValidationError", "No updates are to be performed."), "unchanged"),
        (error("ValidationError", "Stack is in UPDATE_IN_PROGRESS state and can not be updated."), "busy"),
    ],
)
def test_an_update_is_started_unchanged_or_busy(
    stacks: RolesStacks, client: Client, answer: object, outcome: str
) -> None:
    client.answers["update_stack"] = answer

    assert stacks.update_stack(NAME, PROJECT, REPOSITORY, LAUNCH) == outcome


def test_an_update_that_is_refused_says_why(stacks: RolesStacks, client: Client) -> None:
    client.answers["update_stack"] = error("ValidationError", "Stack is in UPDATE_ROLLBACK_FAILED state")
    with pytest.raises(RefusedError, match="UPDATE_ROLLBACK_FAILED"):
        stacks.update_stack(NAME, PROJECT, REPOSITORY, LAUNCH)

    client.answers["update_stack"] = error("AccessDenied")
    with pytest.raises(ClientError):
        stacks.update_stack(NAME, PROJECT, REPOSITORY, LAUNCH)


def test_the_roles_are_deleted_by_the_same_role(stacks: RolesStacks, client: Client) -> None:
    stacks.delete_stack(NAME)

    assert client.did("delete_stack") == [{"StackName": NAME, "RoleARN": SETTINGS.stack_role_arn}]
