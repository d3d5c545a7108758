"""A local AWS for the tests of this folder, started once, and a token issuer that its accounts may trust."""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.installed import local_aws_python
from tests.sandbox_aws import certificates
from tests.sandbox_aws.account import MINUTE, Account
from tests.sandbox_aws.certificates import Certificates
from tests.sandbox_aws.issuer import Issuer

REPOSITORY = Path(__file__).parents[2]
STARTED_WITHIN_SECONDS = 60
"""The first start of all compiles what the server imports."""

IMAGE = """\
[project]
name = "tiny"
version = "0.1.0"
requires-python = ">=3.11"

[tool.uv]
package = false

[tool.sandbox]
images = ["111111111111.dkr.ecr.eu-west-1.amazonaws.com/tiny:1"]
"""
LOCK = """\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "tiny"
version = "0.1.0"
source = { virtual = "." }
"""


@pytest.fixture(scope="session")
def certificate_files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of this test run."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def issuer(certificate_files: Certificates) -> Iterator[Issuer]:
    """A token issuer."""
    running = Issuer(certificate_files)
    yield running
    running.close()


@pytest.fixture(scope="session")
def endpoint_url(
    tmp_path_factory: pytest.TempPathFactory, certificate_files: Certificates, issuer: Issuer
) -> Iterator[str]:
    """URL of a running local AWS."""
    folder = tmp_path_factory.mktemp("aws")
    image = folder / "images" / "tiny"
    image.mkdir(parents=True)
    (image / "pyproject.toml").write_text(IMAGE)
    (image / "uv.lock").write_text(LOCK)
    shutil.copy(Path(__file__).with_name("tiny_image_server.py"), image / "serving.py")
    for name in ("sagemaker-xgboost", "sagemaker-scikit-learn"):
        (folder / "images" / name).symlink_to(REPOSITORY / "sandbox" / "images" / name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = local_aws_python("-m", "sandbox.aws")
    options = {
        "port": port,
        "folder": folder,
        "certificate": certificate_files.server,
        "key": certificate_files.key,
        "certificate-authority": certificate_files.authority,
        "github-url": issuer.origin,
        "images": folder / "images",
        "seconds-per-minute": MINUTE,
    }
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    url = f"https://localhost:{port}"
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen([*command, *arguments], cwd=REPOSITORY, stdout=output, stderr=output)
    try:
        _wait_until_ready(url, certificate_files.authority, process, folder / "output.txt")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def dev(endpoint_url: str, certificate_files: Certificates) -> Account:
    """The development account."""
    return Account(endpoint_url, certificate_files.authority, "111111111111")


@pytest.fixture(scope="session")
def prod(endpoint_url: str, certificate_files: Certificates) -> Account:
    """The production account."""
    return Account(endpoint_url, certificate_files.authority, "333333333333")


def _wait_until_ready(url: str, authority: Path, process: subprocess.Popen[bytes], output: Path) -> None:
    trust = ssl.create_default_context(cafile=str(authority))
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the local AWS stopped while it started:\n{output.read_text()}")
        try:
            with urlopen(f"{url}/_ministack/ready", timeout=5, context=trust):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    pytest.fail(f"the local AWS was not ready within {STARTED_WITHIN_SECONDS} s:\n{output.read_text()}")
