"""Fixtures of the local AWS, for tests that need policies to be enforced, and of files that several tests use."""

from pathlib import Path

import pytest

from tests.bootstrap.healthy import SETTINGS
from tests.bootstrap.template import Template
from tests.sandbox_aws.conftest import certificate_files, endpoint_url, issuer

__all__ = ["certificate_files", "endpoint_url", "issuer"]


@pytest.fixture(scope="module")
def template() -> Template:
    return Template()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of the dev stack, in the working folder, beside a file that cannot be read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.other.yaml").write_text("no: {settings")
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(SETTINGS)
    return file
