"""Fixtures: a GitHub in this process, and one in a process of its own that git and act can reach."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import certificates
from tests.sandbox_github.client import Client, seed, start
from tests.sandbox_github.remote import Remote


@pytest.fixture(scope="session")
def issuer_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key that signs the tokens of every GitHub in this process: making one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("issuer")
    start(folder, seed()).github.close()
    return folder / "issuer.pem"


@pytest.fixture
def call(tmp_path: Path, issuer_key: Path) -> Iterator[Client]:
    """A fresh GitHub in this process, called by the organization's owner."""
    shutil.copy2(issuer_key, tmp_path)
    client = start(tmp_path, seed())
    yield client
    client.github.close()


@pytest.fixture(scope="session")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """A GitHub in a process of its own, over TLS."""
    folder = tmp_path_factory.mktemp("github")
    files = certificates.create(folder / "certificates")
    (folder / "seed.json").write_text(seed().model_dump_json())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = (folder / "server.log").open("w")
    arguments = [
        *("--port", str(port), "--folder", folder, "--certificate", files.server, "--key", files.key),
        *("--certificate-authority", files.ca, "--aws-url", f"https://localhost:{port}/_nothing"),
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "sandbox.github", *map(str, arguments)],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    found = Remote(url=f"https://localhost:{port}", folder=folder, ca=files.ca)
    deadline = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(f"{found.url}/api/v3/meta", timeout=1, context=found.context()).close()
            break
        except OSError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
            time.sleep(0.02)
    yield found
    server.terminate()
    assert server.wait(timeout=10) == 0, (folder / "server.log").read_text()
    log.close()
