"""act, the program that executes steps, as a process with all its children."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from sandbox import certificates
from sandbox.github.actions.context import ActionsContext
from sandbox.github.actions.workflow import WorkflowError

RUNNERS = ("ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04")
"""Labels of GitHub-hosted runners that this machine stands in for."""
_TRUST = (
    "AWS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)
_OPTIONS = (
    *("--directory", "source", "--no-recurse", "--json", "--rm", "--no-skip-checkout", "--no-cache-server"),
    *("--concurrent-jobs", "2", "--artifact-server-addr", "127.0.0.1"),
)
_POLL_SECONDS = 0.01


class Act:
    """One execution of act in a folder, which has the workflow below `source`."""

    def __init__(self, context: ActionsContext, folder: Path, command: list[str]) -> None:
        self._context = context
        self._folder = folder
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = False
        self._cancelling: threading.Thread | None = None

    def lines(self, options: list[str]) -> Iterator[str]:
        """Execute act and return its output line by line until it ends."""
        platforms = [option for label in RUNNERS for option in ("--platform", f"{label}=-self-hosted")]
        process = self._process = subprocess.Popen(
            [
                *(_program(), *self._command, *_OPTIONS, "--action-cache-path", str(self._folder / "cache")),
                *platforms,
                *options,
            ],
            cwd=self._folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        if self._cancelled:
            self.cancel()
        if process.stdout is None:
            raise RuntimeError("act was started without a pipe")
        with process.stdout:
            yield from process.stdout
        process.wait()

    def cancel(self) -> None:
        """Begin to stop the steps as GitHub does: SIGINT, SIGTERM, SIGKILL, with time in between."""
        self._cancelled = True
        if self._process is not None and self._process.poll() is None and self._cancelling is None:
            self._cancelling = threading.Thread(target=self._stop, args=(self._process,), daemon=True)
            self._cancelling.start()

    def kill(self) -> None:
        """Kill act and all its children."""
        if self._process is not None and self._process.poll() is None:
            _kill(self._process.pid)

    def _stop(self, process: subprocess.Popen[str]) -> None:
        timing = self._context.store.seed.timing
        try:
            act = psutil.Process(process.pid)
            steps = act.children()
            begun = _trees(steps)
            # A step's entry process gets the signal, its children do not.
            _signal(steps, signal.SIGINT)
            if not _gone(steps, timing.cancel_interrupt):
                _signal(steps, signal.SIGTERM)
                _gone(steps, timing.cancel_terminate)
            _signal([*begun, *_trees(steps)], signal.SIGKILL)
            # act goes on with the steps that run after a cancellation (`always()`).
            act.send_signal(signal.SIGINT)
            if not _gone([act], timing.cancel_force):
                _kill(act.pid)
        except psutil.NoSuchProcess:
            return

    def _environment(self) -> dict[str, str]:
        home = self._folder / "home"
        home.mkdir()
        trust = certificates.bundle(self._context.authority, self._folder / "trust.pem")
        return {
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self._context.aws_url,
            **dict.fromkeys(_TRUST, str(trust)),
            **self._context.store.seed.runner_environment,
            "ACT_DISABLE_VERSION_CHECK": "1",
            "HOME": str(home),
        }


def _program() -> str:
    beside = Path(sys.executable).parent / "act"
    found = str(beside) if beside.exists() else shutil.which("act")
    if found is None:
        raise WorkflowError("act was not found: install the dependency group 'sandbox'")
    return found


def _kill(number: int) -> None:
    try:
        act = psutil.Process(number)
    except psutil.NoSuchProcess:
        return
    _signal(_trees([act]), signal.SIGKILL)


def _trees(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return processes with all their children."""
    found: list[psutil.Process] = []
    for process in processes:
        try:
            found += [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _gone(processes: list[psutil.Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
