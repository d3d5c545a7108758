"""Fixtures of the onboarding function's tests."""

import pytest

from tests.functions.project_onboarding.fake_clients import Client
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer, prod

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer", "prod"]


@pytest.fixture
def client() -> Client:
    return Client()
