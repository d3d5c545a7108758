"""Fixtures of all tests."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_settings import in_force

from example import train
from example.local_run import DATA


@pytest.fixture
def example_settings() -> Iterator[None]:
    """Let the program read the settings of the tests."""
    with in_force():
        yield


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the example's model."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "train.csv").write_text("".join(DATA.read_text().splitlines(keepends=True)[::2]))
    train.main(folder / "train.csv", folder / "content")
    return folder / "content"


@pytest.fixture(scope="session")
def artifact(model_folder: Path) -> Path:
    """The archive of the example's model."""
    return packed(model_folder)


def packed(content: Path) -> Path:
    """Return an archive of a model's content, beside it."""
    archive = content.with_name("model.tar.gz")
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(content.iterdir()):
            tar.add(file, file.name)
    return archive
