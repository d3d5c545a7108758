"""The credential for GitHub, and the clients of AWS, with clients in memory."""

import json
import traceback
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.shared.github_api.credential import github_token
from functions.shared.github_api.errors import CredentialError


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "…"}}, "GetSecretValue")


class Secrets:
    """One secret."""

    def __init__(self, value: str | ClientError) -> None:
        self.value = value

    def get_secret_value(self, **arguments: Any) -> dict[str, Any]:
        assert arguments == {"SecretId": "arn:secret"}
        if isinstance(self.value, ClientError):
            raise self.value
        return {"SecretString": self.value}


def test_the_token_is_read() -> None:
    assert github_token("arn:secret", Secrets(json.dumps({"token": "ghp_x"}))) == "ghp_x"


def test_an_empty_secret_says_what_to_do() -> None:
    with pytest.raises(CredentialError, match=r"holds no value; set .* python -m bootstrap"):
        github_token("arn:secret", Secrets(error("ResourceNotFoundException")))


def test_other_failures_of_secrets_manager_are_passed_on() -> None:
    with pytest.raises(ClientError):
        github_token("arn:secret", Secrets(error("AccessDeniedException")))


@pytest.mark.parametrize(
    "value",
    ["ghp_secret", '{"token": ""}', '{"token": 1}', '{"key": "ghp_secret"}', "[]", '{"token": "ghp_secret\\n"}'],
)
def test_a_secret_of_another_form_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(CredentialError, match="must be JSON with one key") as caught:
        github_token("arn:secret", Secrets(value))

    assert "ghp_secret" not in "".join(traceback.format_exception(caught.value))


def test_the_clients_are_the_runtimes_own_and_do_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int, int]] = []

    def client(service: str, config: Any) -> Any:
        asked.append((service, config.connect_timeout, config.read_timeout))
        return Secrets('{"token": "ghp_x"}')

    monkeypatch.setattr(boto3, "client", client)

    github_token("arn:secret")
    aws_clients.client("ssm")
    aws_clients.patient_client("lambda", 95)

    # Both are a service's own time: the handshake of TLS counts as connecting.
    assert asked == [("secretsmanager", 10, 10), ("ssm", 10, 10), ("lambda", 10, 95)]
