"""Fixtures of several test modules: everything outside the function, in memory, and a clock."""

from collections.abc import Iterator

import pytest

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.github import GitHub
from tests.functions.shared.clock import Clock
from tests.functions.shared.server import Server, serving
from tests.functions.template_cloner.fakes import Fakes
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer"]


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def github(server: Server, clock: Clock) -> GitHub:
    deadline = Deadline(at=clock.now + 280, now=clock, sleep=clock.sleep)
    return GitHub(server.url, "ghp_a-token", deadline, wall_clock=clock, jitter=lambda: 1.0)
