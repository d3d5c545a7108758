"""Fixtures of all tests, and how the tests are spread over workers."""

import gc

import pytest
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

from tests.rendering import Rendering, Renderings

STACKS = ("dev", "preprod", "prod")
LONGEST_FIRST = (
    "story/demo",
    "story/test_approvals.py",
    "story/test_interruption.py",
    "sandbox_aws",
    "sandbox_github",
    "sandbox_plugins",
    "bootstrap",
    "platform",
    "access",
)
"""What takes long of what workers share. What comes last should be short, or one worker waits for the other."""


def pytest_configure(config: pytest.Config) -> None:
    # The SDK warns of its own deprecated resources when the module of a service is first imported.
    config.addinivalue_line("filterwarnings", r"ignore::DeprecationWarning:pulumi_aws\..*")
    # The AWS SDK alone is a million objects that live until the end: looking through them for cycles as often as Python
    # does by default takes a third of the time of the tests that render stacks.
    gc.set_threshold(100_000, 50, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        share = _share(item.nodeid)
        return LONGEST_FIRST.index(share) if share in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=place)


def _share(nodeid: str) -> str:
    """What one worker takes as a whole: a story, or a folder, whose tests share servers and rendered stacks."""
    _, folder, *rest = nodeid.partition("::")[0].split("/")
    return f"{folder}/{rest[0]}" if folder == "story" else folder


class FolderScheduling(LoadScopeScheduling):
    """Keeps tests in one worker that go on from each other, or share what takes long to make."""

    def _split_scope(self, nodeid: str) -> str:
        return _share(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FolderScheduling:
    return FolderScheduling(config, log)


@pytest.fixture(scope="session")
def rendered() -> Renderings:
    """What the whole program declares for a stack with its checked-in settings, or with changes to them."""
    return Renderings()


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest, rendered: Renderings) -> Rendering:
    """Each of the checked-in stacks in turn."""
    return rendered(request.param)
