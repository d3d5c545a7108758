"""Distribution of the tests over the workers of pytest-xdist."""

import os
from types import SimpleNamespace
from typing import cast

import pytest

from tests.conftest import LONGEST_FIRST, group_of
from tests.rendering import ROOT


def item(nodeid: str, *fixtures: str) -> pytest.Item:
    return cast("pytest.Item", SimpleNamespace(nodeid=nodeid, fixturenames=fixtures))


@pytest.mark.parametrize(
    ("test", "group"),
    [
        (item("tests/products/test_parts.py::test_a_part[x/y::z]"), "products"),
        (item("tests/sandbox_aws/endpoints/test_invoking.py::test_it"), "sandbox_aws"),
        (item("tests/e2e/test_approvals.py::test_it"), "e2e/test_approvals.py"),
        (item("tests/e2e/demo/test_demo.py::test_it"), "e2e/demo"),
        (item("tests/test_groups.py::test_it"), "test_groups.py"),
        (item("tests/access/test_roles.py::test_a_role"), "platform"),
        (item("tests/bootstrap/test_identify.py::test_it", "stack", "rendered"), "platform"),
    ],
    ids=lambda value: getattr(value, "nodeid", value),
)
def test_a_group_is_a_folder_an_end_to_end_test_or_all_that_renders_stacks(test: pytest.Item, group: str) -> None:
    assert group_of(test) == group


def test_every_group_that_starts_early_exists() -> None:
    assert [group for group in LONGEST_FIRST if not (ROOT / "tests" / group).exists()] == []


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="only a worker of pytest-xdist has groups")
def test_xdist_knows_the_group_of_each_test(request: pytest.FixtureRequest) -> None:
    # Where it does not, it spreads the tests of a group over all workers and says nothing. It needs --dist loadgroup.
    assert [item.nodeid for item in request.session.items if not item.nodeid.endswith(f"@{group_of(item)}")] == []
