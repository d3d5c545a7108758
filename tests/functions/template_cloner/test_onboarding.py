"""Requests to the onboarding function of an account, and what is made of its answers."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.onboarding import Answer, OnboardingFunction
from tests.functions.project_onboarding.fake_account import ARNS, FUNCTION, LAUNCH, NAME, MemoryAccount
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.fake_function import ROLES, MemoryFunction, refused


@pytest.fixture
def function() -> MemoryFunction:
    return MemoryFunction(MemoryAccount(Clock()))


@pytest.fixture
def onboarding(function: MemoryFunction) -> OnboardingFunction:
    return OnboardingFunction(ROLES, FUNCTION, LAUNCH, function)


def test_the_function_s_answers_are_told(onboarding: OnboardingFunction, function: MemoryFunction) -> None:
    pending = Answer(waiting_for=f"stack {NAME} in account 333333333333", begun=True)
    assert onboarding.ask("onboard", begun=False) == pending
    function.account.clock.sleep(60)
    assert onboarding.ask("onboard", begun=True) == Answer(roles=ARNS)
    assert onboarding.ask("check_offboarding", begun=False) == Answer()


def test_a_refusal_is_told_with_the_account_s_reason(onboarding: OnboardingFunction, function: MemoryFunction) -> None:
    function.account.deploys(NAME)

    with pytest.raises(LaunchError, match="still has the project's endpoint"):
        onboarding.ask("offboard", begun=False)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_an_account_without_the_function_or_that_does_not_let_in_says_what_to_do(
    onboarding: OnboardingFunction, function: MemoryFunction, code: str
) -> None:
    function.failures = [refused(code)]

    with pytest.raises(LaunchError) as error:
        onboarding.ask("onboard", begun=False)
    assert str(error.value) == (
        f"{FUNCTION} does not exist, or does not let the template cloner in: deploy the platform's stack of "
        "analytics-prod there, then try again (with --refresh, if the template cloner's role was made anew)"
    )


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize(
    "failure",
    [
        refused("TooManyRequestsException"),
        *(
            error(endpoint_url="https://x", error="")
            for error in (ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError)
        ),
    ],
)
def test_a_request_without_an_answer_is_sent_again(
    onboarding: OnboardingFunction, function: MemoryFunction, failure: Exception, begun: bool
) -> None:
    function.failures = [failure]

    assert onboarding.ask("onboard", begun=begun) == Answer(waiting_for=f"an answer of {FUNCTION}", begun=begun)


def test_another_failure_of_lambda_is_a_failure(onboarding: OnboardingFunction, function: MemoryFunction) -> None:
    function.failures = [refused("ServiceException")]

    with pytest.raises(ClientError):
        onboarding.ask("onboard", begun=False)


def test_a_function_that_fails_says_where_to_look(onboarding: OnboardingFunction, function: MemoryFunction) -> None:
    function.answers, function.failed = [{"errorType": "KeyError", "errorMessage": "private"}], True

    with pytest.raises(LaunchError) as error:
        onboarding.ask("onboard", begun=False)
    assert str(error.value) == f"{FUNCTION} failed (KeyError): its log in that account says more"


@pytest.mark.parametrize("answer", [None, {}, {"state": "done"}, {"state": "unheard of"}])
def test_an_answer_of_another_version_says_what_to_do(
    onboarding: OnboardingFunction, function: MemoryFunction, answer: object
) -> None:
    function.answers = [answer]

    with pytest.raises(LaunchError, match="gave an unknown answer: deploy the platform's stack of analytics-prod"):
        onboarding.ask("onboard", begun=False)
