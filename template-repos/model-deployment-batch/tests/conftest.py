"""Fixtures of all tests."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_settings import in_force

from example import train
from example.local_run import DATA

WINDOW = "2026-11-28T02:00:00Z"
ARN = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/example/1"


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


def arguments(area: str, sha256: str, arn: str = ARN) -> list[str]:
    """Return the arguments of the job, as the pipeline's definition gives them."""
    options = {
        "window": WINDOW,
        "area": area,
        "program": "inference.py",
        "model-package-arn": arn,
        "model-sha256": sha256,
        "code": "0123456789abcdef",
        "project": "p-abcdefghijkl",
        "environment": "prod",
        "psi": "0.1",
        "least-rows": "200",
    }
    return [text for name, value in options.items() for text in (f"--{name}", value)]
