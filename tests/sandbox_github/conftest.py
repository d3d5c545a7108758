"""Fixtures: a GitHub in this process, and one in a process of its own that git and act can reach."""

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from sandbox import certificates
from tests.sandbox_github.client import Client, seed, start
from tests.sandbox_github.remote import Remote

STARTED_WITHIN_SECONDS = 60


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Client]:
    """A fresh GitHub in this process, called by the organization's owner."""
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
    trust = ssl.create_default_context(cafile=str(files.ca))
    connection = HTTPSConnection("localhost", port, timeout=20, context=trust)
    found = Remote(url=f"https://localhost:{port}", folder=folder, ca=files.ca, connection=connection)
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    while True:
        try:
            connection.connect()
            break
        except OSError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
            time.sleep(0.02)
    yield found
    connection.close()
    server.terminate()
    assert server.wait(timeout=10) == 0, (folder / "server.log").read_text()
    log.close()
