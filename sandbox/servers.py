"""Start, find and stop the two servers of a sandbox."""

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import psutil

from sandbox import certificates, commands, environments, paths
from sandbox.organization import ORGANIZATION, REPOSITORY, USERS

START_SECONDS = 60
"""The very first start compiles the server's imports."""
STOP_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server."""

    pid: int
    url: str


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The local AWS and the local GitHub of one sandbox."""

    aws: Server
    github: Server
    trust: str
    """Path of the file of certificate authorities that clients trust: the machine's and the sandbox's."""
    tokens: dict[str, str]
    """GitHub tokens by login, valid in this sandbox only."""


class NotStartedError(Exception):
    """A server did not start; the message contains the last lines of its log."""


class NotRunningError(Exception):
    """No sandbox runs in this checkout."""


def running() -> Servers | None:
    """Return the servers of this checkout's sandbox, if both are alive."""
    if not paths.STATE.is_file():
        return None
    found = _read()
    return found if all(alive(server.pid) for server in (found.aws, found.github)) else None


def require() -> Servers:
    """Return the running servers.

    Raises:
        NotRunningError: none are running; the message says how to start them.
    """
    found = running()
    if found is None:
        raise NotRunningError("no sandbox is running in this checkout: start one with `make demo`")
    return found


def start(plan: Literal["team", "enterprise"] = "enterprise") -> Servers:
    """Start both servers, GitHub's with an organization on a plan, and wait until they respond.

    Raises:
        NotStartedError: one of them does not respond.
    """
    stop()
    paths.SANDBOX.mkdir(exist_ok=True)
    files = certificates.create(paths.CERTIFICATES)
    trust = paths.CERTIFICATES / "trust.pem"
    certificates.bundle(files.ca, trust)
    aws_port, github_port = _free_ports(2)
    aws_url, github_url = f"https://localhost:{aws_port}", f"https://localhost:{github_port}"
    tokens = {user.login: f"ghp_{secrets.token_hex(18)}" for user in USERS}
    _write_seed(tokens, plan, runner_environment=environments.runner(aws_url, trust))
    shared = ["--certificate", files.server, "--key", files.key, "--certificate-authority", files.ca]
    aws = _launch(
        [
            *environments.uv("run", "--frozen", "--no-sync", "--project", "sandbox/aws", "python"),
            *("-m", "sandbox.aws", "--port", str(aws_port), "--folder", paths.AWS, *shared),
            *("--github-url", github_url, "--images", paths.CHECKOUT / "sandbox" / "images"),
        ],
        aws_url,
        "aws",
    )
    github = _launch(
        [
            *(sys.executable, "-m", "sandbox.github", "--port", str(github_port), "--folder", paths.GITHUB),
            *(*shared, "--aws-url", aws_url),
        ],
        github_url,
        "github",
    )
    servers = Servers(aws=aws, github=github, trust=str(trust), tokens=tokens)
    paths.STATE.write_text(json.dumps(asdict(servers), indent=2))
    paths.STATE.chmod(0o600)
    _wait("aws", aws, "/_ministack/ready", files.ca)
    _wait("github", github, "/api/v3/meta", files.ca)
    return servers


def stop() -> bool:
    """Stop the servers that this sandbox started; return whether any were running."""
    if not paths.STATE.is_file():
        return False
    found = _read()
    living = [server.pid for server in (found.aws, found.github) if alive(server.pid)]
    for pid in living:
        os.killpg(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(alive(pid) for pid in living):
        if time.monotonic() > deadline:
            for pid in filter(alive, living):
                os.killpg(pid, signal.SIGKILL)
            break
        time.sleep(0.05)
    paths.STATE.unlink()
    return bool(living)


def _read() -> Servers:
    state = json.loads(paths.STATE.read_text())
    return Servers(
        aws=Server(**state["aws"]), github=Server(**state["github"]), trust=state["trust"], tokens=state["tokens"]
    )


def _free_ports(count: int) -> list[int]:
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [int(holder.getsockname()[1]) for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def _write_seed(tokens: dict[str, str], plan: str, runner_environment: dict[str, str]) -> None:
    paths.GITHUB.mkdir(parents=True, exist_ok=True)
    seed = paths.GITHUB / "seed.json"
    seed.write_text(
        json.dumps(
            {
                "organization": {"login": ORGANIZATION.login, "id": ORGANIZATION.id},
                "plan": plan,
                "users": [{"login": user.login, "id": user.id, "member": True, "admin": user.admin} for user in USERS],
                "repositories": [{"name": REPOSITORY.name, "id": REPOSITORY.id, "private": True}],
                "tokens": [
                    {
                        "token": tokens[user.login],
                        "login": user.login,
                        "scopes": "admin:org,repo,delete_repo,workflow" if user.admin else "repo,read:org,workflow",
                    }
                    for user in USERS
                ],
                "runner_environment": runner_environment,
            },
            indent=2,
        )
    )
    seed.chmod(0o600)


def _launch(arguments: list[str | Path], url: str, name: str) -> Server:
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    with (paths.LOGS / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=paths.CHECKOUT,
            env=environments.server(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(pid=process.pid, url=url)


def _wait(name: str, server: Server, path: str, authority: Path) -> None:
    """Wait until a server responds at a path; if it does not, stop both servers and raise `NotStartedError`."""
    try:
        _wait_until_responding(server, path, authority)
    except OSError as error:
        stop()
        written = commands.last_lines(paths.LOGS / f"{name}.log")
        raise NotStartedError(f"{server.url} does not respond ({error}). Its log ends with:\n{written}") from error


def _wait_until_responding(server: Server, path: str, authority: Path) -> None:
    context = ssl.create_default_context(cafile=str(authority))
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(server.url + path, timeout=5, context=context).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if not alive(server.pid) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def alive(pid: int) -> bool:
    """Return whether the process exists and is still the server, not another program with the same process id."""
    try:
        process = psutil.Process(pid)
        command, status = process.cmdline(), process.status()
    except psutil.NoSuchProcess:
        return False
    # While a process turns from one program into another, it has no command line.
    return status != psutil.STATUS_ZOMBIE and (not command or any("sandbox." in word for word in command))
