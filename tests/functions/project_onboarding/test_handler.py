"""The entry point: every request is answered in one way, and what it was answered is logged."""

import json
import logging

import pytest
from botocore.exceptions import ClientError

from functions.project_onboarding import handler
from functions.project_onboarding.settings import Settings
from functions.shared.github_api.errors import ExplainedError
from tests.functions.project_onboarding.fake_account import ARNS, ENVIRONMENT, NAME, MemoryAccount
from tests.functions.project_onboarding.fake_clients import error
from tests.functions.project_onboarding.test_request import EVENT
from tests.functions.shared.clock import Clock


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> MemoryAccount:
    account = MemoryAccount(Clock())
    monkeypatch.setattr(handler, "onboarder", account.onboarder)
    return account


def test_a_request_is_pending_and_then_done(account: MemoryAccount, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    waiting = f"stack {NAME} in account 333333333333"

    assert handler.handler(EVENT, None) == {"state": "pending", "waiting_for": waiting, "begun": True}
    account.clock.sleep(60)
    assert handler.handler({**EVENT, "begun": True}, None) == {"state": "done", "roles": ARNS}
    assert json.loads(caplog.records[-1].message)["project"] == "p-abcdefghijkl"


def test_a_refusal_is_an_answer(account: MemoryAccount) -> None:
    answer = handler.handler({**EVENT, "repository_id": "x"}, None)

    assert answer["state"] == "refused"
    assert "the number that GitHub gave the repository" in str(answer["reason"])
    assert account.changes == []


def test_the_account_says_who_releases_models_into_it(account: MemoryAccount) -> None:
    release = {"managers": ["hedy", "lise"], "unprotected": False}
    assert handler.handler({"action": "release"}, None) == {"state": "done", "release": release}
    assert account.changes == []


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "TooManyRequestsException"])
@pytest.mark.parametrize("begun", [True, False])
def test_a_request_that_the_account_s_limits_refuse_is_asked_again(
    account: MemoryAccount, code: str, begun: bool
) -> None:
    def throttle(what: str) -> None:
        raise error(code, "Rate exceeded")

    account.before_change = throttle

    answer = handler.handler({**EVENT, "begun": begun}, None)

    assert answer == {"state": "pending", "waiting_for": "the account's limits (Rate exceeded)", "begun": begun}


def test_another_failure_of_aws_is_a_failure(account: MemoryAccount) -> None:
    def deny(what: str) -> None:
        raise error("AccessDenied")

    account.before_change = deny

    with pytest.raises(ClientError):
        handler.handler(EVENT, None)


def test_missing_settings_are_all_named() -> None:
    with pytest.raises(ExplainedError) as caught:
        Settings.from_environment({})

    assert all(name in str(caught.value) for name in ENVIRONMENT)
