"""Fixtures of the release function's tests."""

import pytest

from tests.functions.model_release.fakes import Fakes
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer, prod

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer", "prod"]


@pytest.fixture
def fakes() -> Fakes:
    """An approved version that was never released."""
    return Fakes()
