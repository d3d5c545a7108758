"""Fixtures of several test modules: the local AWS, AWS's clients in memory, and a clock."""

import pytest

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.account_requests import AccountRequests
from tests.functions.shared.clock import Clock
from tests.functions.template_cloner.fake_account import ROLES
from tests.functions.template_cloner.fake_clients import Client
from tests.functions.template_cloner.fakes import Fakes
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer, prod

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer", "prod"]


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def requests(clock: Clock) -> AccountRequests:
    """Requests to an account, for a hundred seconds."""
    return AccountRequests(ROLES.account_id, Deadline(at=clock.now + 100, now=clock, sleep=clock.sleep))
