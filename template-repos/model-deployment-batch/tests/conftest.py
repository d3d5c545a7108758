"""Fixtures of all tests."""

import tarfile
from pathlib import Path

import pytest
from example_settings import EXAMPLE

from deployment import settings
from example import train
from example.local_run import DATA
from mlops_platform import REPOSITORY


@pytest.fixture
def example_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program read the settings of the tests."""
    read = settings.read

    def read_example(file: Path) -> settings.Settings:
        return read(EXAMPLE if file == REPOSITORY / "settings.toml" else file)

    monkeypatch.setattr(settings, "read", read_example)


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
