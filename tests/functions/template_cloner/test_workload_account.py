"""An account that projects deploy to, with AWS's clients in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import DeadlinePassedError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.workload_account import RolesStack, WorkloadAccount
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.account import ARNS, LAUNCH, ROLES

NAME = ROLES.name
STRANGER = "analytics-prod-p-abcdefghijklm"
"""Begins like the project's name and is another's."""
PROVIDED = {
    "/mlops/analytics/prod/projects/roles-template-url": "https://bucket/onboarding/project-roles-1.yaml",
    "/mlops/analytics/prod/projects/roles-stack-role-arn": "arn:aws:iam::333333333333:role/analytics-prod-project-roles",
}


def error(code: str, message: str = "…") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Client:
    """Every service at once: answers what it was told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[ClientError] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def ask(**arguments: Any) -> Any:
            self.asked.append((operation, arguments))
            if operation == "get_parameter":
                if arguments["Name"] not in PROVIDED:
                    raise error("ParameterNotFound")
                return {"Parameter": {"Value": PROVIDED[arguments["Name"]]}}
            if self.failures:
                raise self.failures.pop(0)
            answer = self.answers.get(operation, {})
            if isinstance(answer, ClientError):
                raise answer
            return answer

        return ask

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(self, operation)

    def did(self, operation: str) -> list[dict[str, Any]]:
        return [arguments for asked, arguments in self.asked if asked == operation]


class Pages:
    """Answers of several pages."""

    def __init__(self, client: Client, operation: str) -> None:
        self._client = client
        self._operation = operation

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        return iter(getattr(self._client, self._operation)(**arguments))


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def account(client: Client, clock: Clock) -> WorkloadAccount:
    deadline = Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep)
    return WorkloadAccount(ROLES, deadline, lambda service: client)


def described(status: str, **more: object) -> dict[str, object]:
    return {"Stacks": [{"StackStatus": status, **more}]}


def test_the_account_is_entered_as_its_own_role(monkeypatch: pytest.MonkeyPatch, client: Client, clock: Clock) -> None:
    made: list[tuple[str, dict[str, Any]]] = []

    def make(service: str, **arguments: Any) -> Client:
        made.append((service, arguments))
        return client

    monkeypatch.setattr(boto3, "client", make)
    client.answers["assume_role"] = {
        "Credentials": {"AccessKeyId": "id", "SecretAccessKey": "secret", "SessionToken": "token"}
    }

    WorkloadAccount(ROLES, Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep))

    assert client.did("assume_role") == [
        {
            "RoleArn": "arn:aws:iam::333333333333:role/analytics-prod-project-onboarding",
            "RoleSessionName": "p-abcdefghijkl",
            "DurationSeconds": 900,
        }
    ]
    assert [service for service, _ in made] == [
        *("sts", "cloudformation", "ssm", "sagemaker", "application-autoscaling", "cloudwatch")
    ]
    for _, arguments in made[1:]:
        assert arguments.pop("config").read_timeout == 10
        assert set(arguments.values()) == {"id", "secret", "token"}


@pytest.mark.parametrize(("code", "expected"), [("AccessDenied", LaunchError), ("ExpiredToken", ClientError)])
def test_an_account_that_lets_nobody_in_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, client: Client, clock: Clock, code: str, expected: type[Exception]
) -> None:
    def make(service: str, **arguments: Any) -> Client:
        return client

    monkeypatch.setattr(boto3, "client", make)
    client.answers["assume_role"] = error(code)

    with pytest.raises(expected) as caught:
        WorkloadAccount(ROLES, Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep))

    if expected is LaunchError:
        assert "deploy the platform's stack of analytics-prod there" in str(caught.value)


def test_a_stack_is_read(account: WorkloadAccount, client: Client) -> None:
    client.answers["describe_stacks"] = described(
        "CREATE_COMPLETE",
        Parameters=[{"ParameterKey": "LaunchStackId", "ParameterValue": LAUNCH}],
        Outputs=[{"OutputKey": key, "OutputValue": value} for key, value in ARNS.items()],
    )

    assert account.stack(NAME) == RolesStack(status="CREATE_COMPLETE", reason="", launch=LAUNCH, outputs=ARNS)


def test_a_stack_that_does_not_exist_is_none(account: WorkloadAccount, client: Client) -> None:
    client.answers["describe_stacks"] = error("ValidationError", f"Stack with id {NAME} does not exist")

    assert account.stack(NAME) is None


@pytest.mark.parametrize("failure", [error("ValidationError", "wrong name"), error("AccessDenied", "does not exist")])
def test_other_failures_are_not_taken_for_a_missing_stack(
    account: WorkloadAccount, client: Client, failure: ClientError
) -> None:
    client.answers["describe_stacks"] = failure

    with pytest.raises(ClientError):
        account.stack(NAME)


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
    account: WorkloadAccount, client: Client, events: list[dict[str, str]], reason: str
) -> None:
    client.answers["describe_stacks"] = described("ROLLBACK_COMPLETE")
    client.answers["describe_stack_events"] = {"StackEvents": events}

    found = account.stack(NAME)

    assert found is not None
    assert found.reason == reason


def test_the_roles_are_asked_for_by_the_published_template_and_role(account: WorkloadAccount, client: Client) -> None:
    account.create_stack(ROLES, LAUNCH)

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


def test_a_stack_that_another_request_makes_is_left_to_it(account: WorkloadAccount, client: Client) -> None:
    client.answers["create_stack"] = error("AlreadyExistsException")
    account.create_stack(ROLES, LAUNCH)

    client.answers["create_stack"] = error("AccessDenied")
    with pytest.raises(ClientError):
        account.create_stack(ROLES, LAUNCH)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"StackId": "x"}, "started"),
        (error("ValidationError", "No updates are to be performed."), "unchanged"),
        (error("ValidationError", "Stack is in UPDATE_IN_PROGRESS state and can not be updated."), "busy"),
    ],
)
def test_what_becomes_of_an_update(account: WorkloadAccount, client: Client, answer: object, outcome: str) -> None:
    client.answers["update_stack"] = answer

    assert account.update_stack(ROLES, LAUNCH) == outcome


def test_an_update_that_is_refused_says_why(account: WorkloadAccount, client: Client) -> None:
    client.answers["update_stack"] = error("ValidationError", "Stack is in UPDATE_ROLLBACK_FAILED state")
    with pytest.raises(LaunchError, match="UPDATE_ROLLBACK_FAILED"):
        account.update_stack(ROLES, LAUNCH)

    client.answers["update_stack"] = error("AccessDenied")
    with pytest.raises(ClientError):
        account.update_stack(ROLES, LAUNCH)


def test_the_roles_are_deleted_by_the_same_role(account: WorkloadAccount, client: Client) -> None:
    account.delete_stack(NAME)

    role = PROVIDED["/mlops/analytics/prod/projects/roles-stack-role-arn"]
    assert client.did("delete_stack") == [{"StackName": NAME, "RoleARN": role}]


def test_an_account_without_the_platform_says_what_to_do(
    account: WorkloadAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(PROVIDED, "/mlops/analytics/prod/projects/roles-stack-role-arn")

    with pytest.raises(
        LaunchError, match="has no parameter /mlops/analytics/prod/projects/roles-stack-role-arn: deploy"
    ):
        account.delete_stack(NAME)


def test_another_failure_of_systems_manager_is_passed_on(
    account: WorkloadAccount, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: str) -> None:
        raise error("AccessDeniedException")

    monkeypatch.setattr(client, "get_parameter", fail, raising=False)

    with pytest.raises(ClientError):
        account.delete_stack(NAME)


def test_only_the_projects_own_endpoints_are_seen(account: WorkloadAccount, client: Client) -> None:
    client.answers["list_endpoints"] = [
        {"Endpoints": [{"EndpointName": NAME, "EndpointStatus": "InService"}]},
        {
            "Endpoints": [
                {"EndpointName": f"{NAME}-shadow", "EndpointStatus": "Failed"},
                {"EndpointName": STRANGER, "EndpointStatus": "InService"},
                {"EndpointName": f"other-{NAME}", "EndpointStatus": "InService"},
            ]
        },
    ]

    assert account.endpoints(NAME) == {NAME: "InService", f"{NAME}-shadow": "Failed"}
    assert client.did("list_endpoints") == [{"NameContains": NAME}]


def test_an_endpoint_that_is_gone_or_busy_again_is_looked_at_again(account: WorkloadAccount, client: Client) -> None:
    client.answers["delete_endpoint"] = error("ValidationException", "Cannot delete endpoint in status Updating")
    account.delete_endpoint(NAME)

    client.answers["delete_endpoint"] = error("AccessDeniedException")
    with pytest.raises(ClientError):
        account.delete_endpoint(NAME)


def served(client: Client) -> None:
    client.answers |= {
        "list_endpoint_configs": [
            {"EndpointConfigs": [{"EndpointConfigName": f"{NAME}-v1"}, {"EndpointConfigName": STRANGER}]}
        ],
        "list_models": [{"Models": [{"ModelName": f"{NAME}-v1"}, {"ModelName": STRANGER}]}],
        "describe_scalable_targets": [
            {
                "ScalableTargets": [
                    {
                        "ServiceNamespace": "sagemaker",
                        "ResourceId": f"endpoint/{name}/variant/main",
                        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                        "MinCapacity": 1,
                    }
                    for name in (NAME, STRANGER)
                ]
            }
        ],
        "describe_alarms": [
            {"MetricAlarms": [{"AlarmName": f"{NAME}-{number}"} for number in range(101)]},
            {"MetricAlarms": [{"AlarmName": STRANGER}]},
        ],
        "list_dashboards": [{"DashboardEntries": [{"DashboardName": NAME}, {"DashboardName": STRANGER}]}],
    }


def test_what_served_a_projects_endpoints_is_deleted_and_nothing_of_another(
    account: WorkloadAccount, client: Client
) -> None:
    served(client)

    account.delete_what_served(NAME)

    assert client.did("delete_endpoint_config") == [{"EndpointConfigName": f"{NAME}-v1"}]
    assert client.did("delete_model") == [{"ModelName": f"{NAME}-v1"}]
    assert client.did("deregister_scalable_target") == [
        {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{NAME}/variant/main",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
    ]
    assert [len(each["AlarmNames"]) for each in client.did("delete_alarms")] == [100, 1]
    assert client.did("delete_dashboards") == [{"DashboardNames": [NAME]}]


def test_what_is_gone_already_is_no_failure(account: WorkloadAccount, client: Client) -> None:
    served(client)
    client.answers |= {
        "delete_endpoint_config": error("ValidationException", "Could not find endpoint configuration"),
        "delete_model": error("ValidationException", "Could not find model"),
        "deregister_scalable_target": error("ObjectNotFoundException"),
        "delete_alarms": error("ResourceNotFound"),
        "delete_dashboards": error("ResourceNotFound"),
    }

    account.delete_what_served(NAME)


@pytest.mark.parametrize("operation", ["delete_endpoint_config", "delete_model", "delete_alarms"])
def test_what_resists_its_deletion_is_a_failure(account: WorkloadAccount, client: Client, operation: str) -> None:
    served(client)
    client.answers[operation] = error("AccessDeniedException", "not authorized")

    with pytest.raises(ClientError):
        account.delete_what_served(NAME)


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "TooManyRequestsException"])
def test_an_account_that_is_asked_too_much_is_asked_again_later(
    account: WorkloadAccount, client: Client, clock: Clock, code: str
) -> None:
    client.answers["describe_stacks"] = described("CREATE_COMPLETE")
    client.failures = [error(code, "Rate exceeded")] * 3
    started = clock.now

    assert account.stack(NAME) is not None

    assert clock.now - started == 15


def test_an_account_that_is_always_asked_too_much_ends_the_request_in_time(
    account: WorkloadAccount, client: Client
) -> None:
    client.answers["describe_stacks"] = error("Throttling", "Rate exceeded")

    with pytest.raises(DeadlinePassedError, match=r"account 333333333333 \(Rate exceeded\)"):
        account.stack(NAME)
