"""The stack of a project's roles, with AWS's clients in memory."""

import pytest
from botocore.exceptions import ClientError

from functions.shared.github_api.errors import DeadlinePassedError
from functions.template_cloner.account_requests import AccountRequests
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.roles_stacks import RolesStack, RolesStacks
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.fake_account import ARNS, LAUNCH, ROLES
from tests.functions.template_cloner.fake_clients import PROVIDED, Client, error

NAME = ROLES.name


@pytest.fixture
def stacks(client: Client, requests: AccountRequests) -> RolesStacks:
    return RolesStacks(ROLES, requests, lambda service: client)


def described(status: str, **more: object) -> dict[str, object]:
    return {"Stacks": [{"StackStatus": status, **more}]}


def test_a_stack_is_read(stacks: RolesStacks, client: Client) -> None:
    client.answers["describe_stacks"] = described(
        "CREATE_COMPLETE",
        Parameters=[{"ParameterKey": "LaunchStackId", "ParameterValue": LAUNCH}],
        Outputs=[{"OutputKey": key, "OutputValue": value} for key, value in ARNS.items()],
    )

    assert stacks.stack(NAME) == RolesStack(status="CREATE_COMPLETE", reason="", launch=LAUNCH, outputs=ARNS)


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
    stacks.create_stack(ROLES, LAUNCH)

    [asked] = client.did("create_stack")
    assert {each["ParameterKey"]: each["ParameterValue"] for each in asked.pop("Parameters")} == {
        "Unit": "analytics",
        "Environment": "prod",
        "ProjectName": "abalone",
        "ProjectId": "p-abcdefghijkl",
        "RepositorySubject": ROLES.repository_subject,
        "LaunchStackId": LAUNCH,
    }
    assert asked == {
        "StackName": NAME,
        "TemplateURL": PROVIDED["/mlops/analytics/prod/projects/roles-template-url"],
        "RoleARN": PROVIDED["/mlops/analytics/prod/projects/roles-stack-role-arn"],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }


def test_a_stack_that_another_request_makes_is_left_to_it(stacks: RolesStacks, client: Client) -> None:
    client.answers["create_stack"] = error("AlreadyExistsException")
    stacks.create_stack(ROLES, LAUNCH)

    client.answers["create_stack"] = error("AccessDenied")
    with pytest.raises(ClientError):
        stacks.create_stack(ROLES, LAUNCH)


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

    assert stacks.update_stack(ROLES, LAUNCH) == outcome


def test_an_update_that_is_refused_says_why(stacks: RolesStacks, client: Client) -> None:
    client.answers["update_stack"] = error("ValidationError", "Stack is in UPDATE_ROLLBACK_FAILED state")
    with pytest.raises(LaunchError, match="UPDATE_ROLLBACK_FAILED"):
        stacks.update_stack(ROLES, LAUNCH)

    client.answers["update_stack"] = error("AccessDenied")
    with pytest.raises(ClientError):
        stacks.update_stack(ROLES, LAUNCH)


def test_the_roles_are_deleted_by_the_same_role(stacks: RolesStacks, client: Client) -> None:
    stacks.delete_stack(NAME)

    role = PROVIDED["/mlops/analytics/prod/projects/roles-stack-role-arn"]
    assert client.did("delete_stack") == [{"StackName": NAME, "RoleARN": role}]


def test_an_account_without_the_platform_says_what_to_do(stacks: RolesStacks, client: Client) -> None:
    del client.parameters["/mlops/analytics/prod/projects/roles-stack-role-arn"]

    with pytest.raises(
        LaunchError, match="has no parameter /mlops/analytics/prod/projects/roles-stack-role-arn: deploy"
    ):
        stacks.delete_stack(NAME)


def test_another_failure_of_systems_manager_is_passed_on(
    stacks: RolesStacks, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: str) -> None:
        raise error("AccessDeniedException")

    monkeypatch.setattr(client, "get_parameter", fail, raising=False)

    with pytest.raises(ClientError):
        stacks.delete_stack(NAME)


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "TooManyRequestsException"])
def test_a_throttled_request_is_repeated_later(stacks: RolesStacks, client: Client, clock: Clock, code: str) -> None:
    client.answers["describe_stacks"] = described("CREATE_COMPLETE")
    client.failures = [error(code, "Rate exceeded")] * 3
    started = clock.now

    assert stacks.stack(NAME) is not None

    assert clock.now - started == 15


def test_a_request_that_is_always_throttled_ends_in_time(stacks: RolesStacks, client: Client) -> None:
    client.answers["describe_stacks"] = error("Throttling", "Rate exceeded")

    with pytest.raises(DeadlinePassedError, match=r"account 333333333333 \(Rate exceeded\)"):
        stacks.stack(NAME)
