"""Fixtures of all tests."""

from collections.abc import Callable

import pytest

from tests.rendering import Rendering, render_stack

STACKS = ("dev", "preprod", "prod")


def pytest_configure(config: pytest.Config) -> None:
    # The SDK warns of its own deprecated resources when the module of a service is first imported.
    config.addinivalue_line("filterwarnings", r"ignore::DeprecationWarning:pulumi_aws\..*")


@pytest.fixture(scope="session")
def rendered() -> Callable[[str], Rendering]:
    """What the whole program declares for a stack with its checked-in settings; rendered once per test run."""
    renderings: dict[str, Rendering] = {}

    def of(stack: str) -> Rendering:
        if stack not in renderings:
            renderings[stack] = render_stack(stack)
        return renderings[stack]

    return of


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest, rendered: Callable[[str], Rendering]) -> Rendering:
    """Each of the checked-in stacks in turn."""
    return rendered(request.param)
