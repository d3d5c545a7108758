"""A GitHub in another process, and git as its client."""

import base64
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

from sandbox import certificates
from sandbox.github.seed import Seed
from tests.sandbox_github.client import OWNER, Answer, encoded, wait_until

STARTED_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class Remote:
    """A client of the GitHub in another process, with one token."""

    url: str
    folder: Path
    ca: Path
    connection: HTTPSConnection
    """Kept open: a handshake takes longer than most responses."""
    token: str = OWNER

    def by(self, token: str) -> "Remote":
        """Return a client of the same GitHub with another token."""
        return replace(self, token=token)

    def __call__(self, method: str, path: str, body: object = None) -> Answer:
        """Call the REST API."""
        return self.raw(method, f"/api/v3{path}", body)

    def raw(self, method: str, path: str, body: object = None) -> Answer:
        """Send a request to any path, and follow a redirection."""
        content = None if body is None else json.dumps(body).encode()
        try:
            self.connection.request(method, path, content, {"Authorization": f"Bearer {self.token}"})
            with self.connection.getresponse() as response:
                answer = Answer(status=response.status, headers=dict(response.headers), content=response.read())
        except BaseException:
            self.connection.close()
            raise
        if answer.status == 302:
            return self.raw("GET", answer.headers["location"].removeprefix(self.url))
        return answer

    def git(self, *arguments: str, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run git with the token."""
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "GIT_SSL_CAINFO": str(self.ca),
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self.url}/.extraheader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
                **{f"GIT_{role}_{what}": "mia" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            },
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def clone(self, name: str, into: Path) -> Path:
        """Clone a repository of the organization."""
        self.git("clone", "--quiet", f"{self.url}/acme/{name}.git", str(into), folder=into.parent)
        return into

    def commit(self, folder: Path, files: dict[str, str], message: str = "Change") -> None:
        """Commit files in a clone."""
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.git("add", ".", folder=folder)
        self.git("commit", "--quiet", "--message", message, folder=folder)

    def with_workflow(self, name: str, text: str, **settings: object) -> str:
        """Create a repository with one workflow and return its path in the REST API."""
        body = {"name": name, "private": True, "auto_init": True, **settings}
        assert self("POST", "/orgs/acme/repos", body).status == 201
        path = f"/repos/acme/{name}"
        self.put(path, ".github/workflows/build.yml", text)
        return path

    def put(self, path: str, file: str, text: str) -> None:
        """Add a file to a repository without starting a run."""
        made = self("PUT", f"{path}/contents/{file}", {"message": f"{file} [skip ci]", "content": encoded(text)})
        assert made.status == 201, made.content

    def start(self, path: str, **inputs: str) -> int:
        """Start the workflow and return the run's id."""
        body = {"ref": "main", "inputs": inputs, "return_run_details": True}
        started = self("POST", f"{path}/actions/workflows/build.yml/dispatches", body)
        assert started.status == 200, started.content
        return int(started.json["workflow_run_id"])

    def dispatch(self, path: str, **inputs: str) -> dict[str, Any]:
        """Start the workflow and return the finished run."""
        return self.finished(path, self.start(path, **inputs))

    def finished(self, path: str, number: int) -> dict[str, Any]:
        """Wait for the end of a run."""
        return self.when(path, number, "completed")

    def when(self, path: str, number: int, status: str) -> dict[str, Any]:
        """Wait until a run has a status."""

        def there() -> dict[str, Any] | None:
            run = self("GET", f"{path}/actions/runs/{number}").json
            return run if run["status"] == status else None

        return wait_until(there)

    def jobs(self, path: str, number: int) -> dict[str, str]:
        """Return the conclusion or status of the jobs of a run, by their names."""
        jobs = self("GET", f"{path}/actions/runs/{number}/jobs").json["jobs"]
        return {job["name"]: job["conclusion"] or job["status"] for job in jobs}

    def log(self, run: dict[str, Any]) -> str:
        """Return everything that a run printed."""
        return (self.folder / "runs" / str(run["id"]) / "log.txt").read_text()


@contextmanager
def running(folder: Path, contents: Seed) -> Generator[Remote]:
    """Run a GitHub with these contents in a process of its own, and return a client with the token of `OWNER`."""
    files = certificates.create(folder / "certificates")
    (folder / "seed.json").write_text(contents.model_dump_json())
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
