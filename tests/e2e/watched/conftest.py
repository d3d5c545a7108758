"""One sandbox for the files of this folder; each continues from the state that the one before it left."""

from collections.abc import Iterator

import pytest

from tests.e2e.actors import connected
from tests.e2e.sandbox import prepared
from tests.e2e.watched.project import Watched


@pytest.fixture(scope="package")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A project whose first version serves in production."""
    with prepared(tmp_path_factory.mktemp("watched") / "sandbox", "watched") as sandbox, connected(sandbox):
        found = Watched(sandbox)
        run = found.approve(1)
        assert found.conclusion(run) == "waiting"
        found.release(run)
        assert found.conclusion(run) == "success"
        yield found
