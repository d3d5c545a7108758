"""Containers of jobs: a process in the environment of the job's image, over a folder laid out like `/opt/ml`.

An image is a folder with a locked uv project. Its `[tool.sandbox] images` lists the URIs that it stands for; its
packages have the versions that the images have. Scripts find `/opt/ml` through `SM_BASE`; arguments and variables that
begin with `/opt/ml` are rewritten.
"""

import os
import shutil
import subprocess
import threading
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sandbox import image_environments
from sandbox.aws.iam.authorization import Credentials
from sandbox.aws.sagemaker.failures import StepFailedError

MOUNT = "/opt/ml"

SHARED_MACHINE = {"OMP_WAIT_POLICY": "passive"}
"""Threads that wait give their core away: here many jobs share the cores that on AWS belong to one.

Source: OpenMP API Specification, "OMP_WAIT_POLICY".
"""
RENEWED_BEFORE_SECONDS = 600
"""Time before the end of a client's credentials at which it is replaced."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine that containers run on, and the way from there to this server."""

    images: Path
    folder: Path
    endpoint_url: str
    certificate_authority: Path
    install_environment: Mapping[str, str]
    """Environment of the program that installs an image's packages."""


@dataclass(eq=False)
class Container:
    """A process that stands for a container."""

    base: Path
    """The folder that stands for `/opt/ml`."""
    stopped: threading.Event = field(default_factory=threading.Event)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """File with the output of the process."""
        return self.base.parent / "log.txt"

    def path(self, inside: str) -> Path:
        """Return the folder that stands for a path within the container.

        Raises:
            StepFailedError: the path is not under `/opt/ml`, which is all that the sandbox lays out.
        """
        if inside != MOUNT and not inside.startswith(f"{MOUNT}/"):
            raise StepFailedError(f"ClientError: the sandbox mounts nothing at {inside}, only under {MOUNT}")
        return self.base / inside.removeprefix(MOUNT).lstrip("/")

    def run(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: int) -> int | None:
        """Run a command; return its exit code, or None if it took longer than allowed."""
        process = self.start(command, environment, folder)
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, *, sockets: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a command, which inherits `sockets`; its standard input ends when this server does."""
        folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self._rewritten(part) for part in command],
                stdin=subprocess.PIPE if sockets else None,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=SHARED_MACHINE
                | {name: self._rewritten(value) for name, value in environment.items()}
                | {"SM_BASE": str(self.base)},
                cwd=folder,
                pass_fds=sockets,
            )
        if self.stopped.is_set():
            self.process.terminate()
        return self.process

    def stop(self) -> None:
        """Tell the process to stop, as SageMaker does, by SIGTERM."""
        self.stopped.set()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def remove(self) -> None:
        """Remove the container's files."""
        shutil.rmtree(self.base.parent, ignore_errors=True)

    def _rewritten(self, text: str) -> str:
        return str(self.path(text)) if text == MOUNT or text.startswith(f"{MOUNT}/") else text


class Images:
    """The images that the sandbox has environments for."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._lock = threading.Lock()
        self._ready: set[Path] = set()

    def python(self, uri: str) -> Path:
        """Return the interpreter of an image; its packages are installed when it is first used.

        Raises:
            StepFailedError: there is no such image.
        """
        folder = self.folder(uri)
        with self._lock:
            if folder not in self._ready:
                self._install(folder)
                self._ready.add(folder)
        return image_environments.python(folder)

    def serving_command(self, uri: str, *, isolated: bool) -> list[str]:
        """Return the command that serves a model with an image, with network isolation or without.

        Raises:
            StepFailedError: there is no such image.
        """
        command = [str(self.python(uri)), str(image_environments.CONTAINER), "serve", uri]
        own = image_environments.server(self.folder(uri))
        return command + ["--isolated"] * isolated + (["--custom", str(own.parent)] if own else [])

    def folder(self, uri: str) -> Path:
        """Return the folder of an image.

        Raises:
            StepFailedError: there is no such image.
        """
        for project in sorted(self.machine.images.glob("*/pyproject.toml")):
            if uri in tomllib.loads(project.read_text())["tool"]["sandbox"]["images"]:
                return project.parent
        repository, _, tag = uri.partition("/")[2].rpartition(":")
        raise StepFailedError(
            f"ClientError: Cannot find repository: {repository} with tag {tag} in registry ID: {uri.partition('.')[0]}. "
            "Please check if your ECR repository exists and role has proper pull permissions for SageMaker."
        )

    def _install(self, folder: Path) -> None:
        try:
            image_environments.install(folder, self.machine.install_environment)
        except image_environments.InstallationError as error:
            raise StepFailedError(f"InternalServerError: the image's environment cannot be made: {error}") from None


def bare_environment() -> dict[str, str]:
    """Return the variables that every container has."""
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


_images: list[Images] = []
_making_client = threading.Lock()
"""Clients may be used by several threads; a session makes one at a time."""
_clients: dict[tuple[str, str, str], tuple[float, Any]] = {}
"""By service, role and region: the moment at which a client's credentials expire, and the client."""
_running: "WeakSet[Container]" = WeakSet()


def install(machine: Machine) -> None:
    """Set the machine that containers run on."""
    _images[:] = [Images(machine)]


def images() -> Images:
    """Return the images of this machine."""
    return _images[0]


def container(name: str, kind: str = "jobs") -> Container:
    """Return a new container, with its folders."""
    base = images().machine.folder / kind / name / "ml"
    base.mkdir(parents=True)
    made = Container(base)
    _running.add(made)
    return made


def stop_all() -> None:
    """Stop every container, because the server stops."""
    for running in list(_running):
        running.stop()


def access(credentials: Credentials) -> dict[str, str]:
    """Return the variables by which a container reaches this server with a role's credentials."""
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_ENDPOINT_URL": images().machine.endpoint_url,
        "AWS_CA_BUNDLE": str(images().machine.certificate_authority),
    }


def client(service: str, credentials: Credentials, region: str) -> Any:
    """Return a client of this server with a role's credentials, or with earlier ones of the same role."""
    # A client takes as long to make as dozens of its calls.
    key = service, credentials.role_arn, region
    with _making_client:
        expiration, known = _clients.get(key, (0.0, None))
        if expiration < time.time() + RENEWED_BEFORE_SECONDS:
            known = _make_client(service, credentials, region)
            _clients[key] = credentials.expiration, known
    return known


def _make_client(service: str, credentials: Credentials, region: str) -> Any:
    from botocore.config import Config

    machine = images().machine
    return _session().client(
        service,
        endpoint_url=machine.endpoint_url,
        verify=str(machine.certificate_authority),
        region_name=region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        config=Config(retries={"mode": "standard", "max_attempts": 2}, s3={"addressing_style": "path"}),
    )


@cache
def _session() -> Any:
    import boto3

    # One for all: each reads the descriptions of the services anew.
    return boto3.session.Session()
