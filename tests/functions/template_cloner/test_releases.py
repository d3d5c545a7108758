"""The account itself says who releases models into it."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.releases import Release, read_release
from tests.functions.project_onboarding.fake_account import FUNCTION, MemoryAccount
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.fake_function import MemoryFunction, refused

ADVICE = "deploy the platform's stack of analytics-prod there, then try again"


def read(function: MemoryFunction) -> Release:
    clock = function.account.clock
    return read_release(FUNCTION, ADVICE, Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep), function)


@pytest.fixture
def function() -> MemoryFunction:
    return MemoryFunction(MemoryAccount(Clock()))


def test_the_account_itself_names_its_release_managers(function: MemoryFunction) -> None:
    assert read(function) == Release(managers=("hedy", "lise"))


def test_the_account_itself_says_that_nobody_has_to_release(function: MemoryFunction) -> None:
    function.answers = [{"state": "done", "release": {"managers": [], "unprotected": True}}]
    assert read(function) == Release(managers=(), unprotected=True)


def test_the_account_itself_says_of_which_branch_it_trusts_the_jobs(function: MemoryFunction) -> None:
    release = {"managers": ["hedy"], "unprotected": False, "branch": "production"}
    function.answers = [{"state": "done", "release": release}]
    assert read(function) == Release(managers=("hedy",), branch="production")


@pytest.mark.parametrize("answer", [{"state": "refused", "reason": "action 'release' must be one of …"}, {}])
def test_an_account_of_an_earlier_platform_refuses_the_launch(function: MemoryFunction, answer: dict[str, Any]) -> None:
    function.answers = [answer]
    with pytest.raises(LaunchError, match=f"does not say who releases models to production: {ADVICE}"):
        read(function)


def test_an_account_without_the_function_says_what_to_do(function: MemoryFunction) -> None:
    function.failures = [refused("ResourceNotFoundException")]
    with pytest.raises(LaunchError, match=ADVICE):
        read(function)


def test_an_account_that_does_not_answer_is_asked_again(function: MemoryFunction) -> None:
    function.failures = [ReadTimeoutError(endpoint_url="https://x"), refused("TooManyRequestsException")]
    assert read(function).managers == ("hedy", "lise")
