"""Distribution of the tests over the workers of pytest-xdist."""

import os

import pytest

from tests.conftest import LONGEST_FIRST, group_of
from tests.rendering import ROOT


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/access/test_roles.py::test_a_role[x/y::z]", "access"),
        ("tests/sandbox_aws/endpoints/test_model_server.py::test_it", "sandbox_aws"),
        ("tests/e2e/test_approvals.py::test_it", "e2e/test_approvals.py"),
        ("tests/e2e/demo/test_demo.py::test_it", "e2e/demo"),
        ("tests/test_groups.py::test_it", "test_groups.py"),
    ],
)
def test_a_group_is_a_folder_or_one_of_the_end_to_end_tests(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group


def test_every_group_that_starts_early_exists() -> None:
    assert [group for group in LONGEST_FIRST if not (ROOT / "tests" / group).exists()] == []


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="only a worker of pytest-xdist has groups")
def test_xdist_knows_the_group_of_each_test(request: pytest.FixtureRequest) -> None:
    # Where it does not, it spreads the tests of a group over all workers and says nothing. It needs --dist loadgroup.
    assert [
        item.nodeid for item in request.session.items if not item.nodeid.endswith(f"@{group_of(item.nodeid)}")
    ] == []
