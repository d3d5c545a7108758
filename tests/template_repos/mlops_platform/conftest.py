"""A deployment repository with an AWS and an engine in memory."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_platform.release.testing.aws import FakeAws
from mlops_platform.release.testing.engine import FakeEngine
from mlops_platform.release.testing.example import PROJECT
from tests.template_repos.mlops_platform import batch_repository

Deploy = Callable[..., None]
"""Deploys a version to preprod; `exists=True`: the schedule exists already."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """An AWS with two approved versions."""
    fake = FakeAws()
    fake.approve(1, 2)
    fake.install(monkeypatch)
    return fake


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """An engine in the place of Pulumi's."""
    fake = batch_repository.engine(tmp_path)
    monkeypatch.setattr(subprocess, "run", fake.run)
    return fake


@pytest.fixture
def deploy(aws: FakeAws, tmp_path: Path) -> Deploy:
    """Run the command that deploys a version to preprod."""

    def run(version: int, *, exists: bool = False) -> None:
        arguments = ["deploy", "preprod", PROJECT.package_arn(version)]
        batch_repository.main(arguments, tmp_path, aws, exists=exists)

    return run
