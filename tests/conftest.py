"""Fixtures of all tests, and the distribution of tests over workers."""

import gc
import os
import subprocess

import pytest

from tests.rendering import Rendering, Renderings

STACKS = ("dev", "preprod", "prod")
LONGEST_FIRST = (
    "e2e/demo",
    "e2e/test_many_launches.py",
    "e2e/watched",
    "e2e/test_approvals.py",
    "e2e/test_interruption.py",
    "e2e/test_shell.py",
    "sandbox_aws",
    "platform",
    "sandbox_github",
    "sandbox_plugins",
    "bootstrap",
)
"""Groups that take long, in the order in which workers start them. Short groups come last, so workers end together."""


def pytest_configure(config: pytest.Config) -> None:
    # git tells its hooks by variables which repository they work on; the tests work on repositories of their own.
    listed = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True)
    for name in listed.stdout.split():
        os.environ.pop(name, None)
    # The SDK warns of its own deprecated resources when the module of a service is first imported.
    config.addinivalue_line("filterwarnings", r"ignore::DeprecationWarning:pulumi_aws\..*")
    # The AWS SDK alone is a million objects that live until the end. Collecting garbage as often as Python does by
    # default takes a third of the time of the tests that render stacks.
    gc.set_threshold(100_000, 50, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the groups, longest first, and mark each item with its group before xdist reads the marks."""
    groups = {item: group_of(item) for item in items}

    def position(item: pytest.Item) -> int:
        group = groups[item]
        return LONGEST_FIRST.index(group) if group in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=position)
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))


def group_of(item: pytest.Item) -> str:
    """Return the group of a test, which one worker runs as a whole because its tests share servers or rendered stacks.

    A group is a folder of `tests/`, or, in `tests/e2e/`, a file or folder whose tests continue from each other. Tests
    that render stacks are one group wherever they are: each worker that renders loads the SDK and renders them anew.
    """
    _, folder, *rest = item.nodeid.partition("::")[0].split("/")
    if folder in ("access", "costs") or "rendered" in getattr(item, "fixturenames", ()):
        return "platform"
    return f"{folder}/{rest[0]}" if folder == "e2e" else folder


@pytest.fixture(scope="session")
def rendered() -> Renderings:
    """Stacks as the whole program declares them, with the checked-in settings or with changes to them."""
    return Renderings()


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest, rendered: Renderings) -> Rendering:
    """Each of the checked-in stacks in turn."""
    return rendered(request.param)
