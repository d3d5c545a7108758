"""The template cloner enters an account that projects deploy to as the account's own role."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.releases import Release
from functions.template_cloner.workload_account import enter_account, read_release
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.fake_account import ONBOARDING_ROLE, ROLES
from tests.functions.template_cloner.fake_clients import Client, error


def test_the_account_is_entered_as_its_own_role(monkeypatch: pytest.MonkeyPatch, client: Client, clock: Clock) -> None:
    made: list[tuple[str, dict[str, Any]]] = []

    def make(service: str, **arguments: Any) -> Client:
        made.append((service, arguments))
        return client

    monkeypatch.setattr(boto3, "client", make)
    client.answers["assume_role"] = {
        "Credentials": {"AccessKeyId": "id", "SecretAccessKey": "secret", "SessionToken": "token"}
    }

    enter_account(ROLES, ONBOARDING_ROLE, Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep))

    assert client.did("assume_role") == [
        {
            "RoleArn": ONBOARDING_ROLE,
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
def test_an_account_that_refuses_entry_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, client: Client, clock: Clock, code: str, expected: type[Exception]
) -> None:
    def make(service: str, **arguments: Any) -> Client:
        return client

    monkeypatch.setattr(boto3, "client", make)
    client.answers["assume_role"] = error(code)

    with pytest.raises(expected) as caught:
        enter_account(ROLES, ONBOARDING_ROLE, Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep))

    if expected is LaunchError:
        assert "deploy the platform's stack of analytics-prod there" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "release"),
    [
        ('{"managers": ["hedy", "ada"], "unprotected": false}', Release(managers=("hedy", "ada"))),
        ('{"managers": [], "unprotected": true}', Release(managers=(), unprotected=True)),
    ],
)
def test_the_account_itself_says_who_releases_into_it(
    monkeypatch: pytest.MonkeyPatch, client: Client, clock: Clock, value: str, release: Release
) -> None:
    def make(service: str, **arguments: Any) -> Client:
        return client

    monkeypatch.setattr(boto3, "client", make)
    credentials = {"AccessKeyId": "id", "SecretAccessKey": "secret", "SessionToken": "token"}
    client.answers["assume_role"] = {"Credentials": credentials}
    client.parameters["/mlops/analytics/prod/release"] = value
    deadline = Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep)

    assert read_release("analytics", "prod", ONBOARDING_ROLE, deadline) == release
    assert client.did("get_parameter") == [{"Name": "/mlops/analytics/prod/release"}]


def test_an_account_that_does_not_say_who_releases_refuses_the_launch(
    monkeypatch: pytest.MonkeyPatch, client: Client, clock: Clock
) -> None:
    def make(service: str, **arguments: Any) -> Client:
        return client

    monkeypatch.setattr(boto3, "client", make)
    credentials = {"AccessKeyId": "id", "SecretAccessKey": "secret", "SessionToken": "token"}
    client.answers["assume_role"] = {"Credentials": credentials}
    deadline = Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep)

    with pytest.raises(LaunchError, match="deploy the platform's stack there again"):
        read_release("analytics", "prod", ONBOARDING_ROLE, deadline)
