"""The stacks that the tests of this folder ask about, and their roles as IAM would judge them."""

from collections.abc import Callable

import pytest

from tests.access.authorization import Role, roles_of
from tests.rendering import Rendering, Renderings, render_stack

RoleNamed = Callable[[str], Role]


@pytest.fixture(scope="session")
def dev(rendered: Renderings) -> Rendering:
    return rendered("dev")


@pytest.fixture(scope="session")
def dev_that_gives_up_its_data() -> Rendering:
    return render_stack("dev", {"keepDataOnDestroy": "false"})


@pytest.fixture(scope="session", params=["dev", "preprod", "prod"])
def any_stack(request: pytest.FixtureRequest, rendered: Renderings) -> Rendering:
    return rendered(request.param)


@pytest.fixture(scope="session")
def role_named(dev: Rendering) -> RoleNamed:
    return roles_of(dev).__getitem__
