"""A sandbox of the tests' own, used through its command line, and updates in it that a signal interrupts."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("dev", "preprod", "prod")
ACCOUNTS = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}
UNIT, REGION = "analytics", "eu-west-1"
SECONDS_TO_EXIT = 45
"""A plugin finishes its current resource before it exits."""


class Sandbox:
    """A sandbox in a folder of its own, used through its command line as a person uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # As at a terminal, even when the tests run in CI: `recover` does not trust a runner's user and host names.
        own = {name: value for name, value in os.environ.items() if name != "CI"}
        self.environment = own | {"MLOPS_SANDBOX_FOLDER": str(folder), "COLUMNS": "200"}

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        return self.call("shell", "-c", line)

    def aws(self, profile: str, line: str) -> Any:
        """Return the output of an aws command that must succeed."""
        result = self.shell(f"aws --profile {profile} --output json {line}")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else None

    def refusal(self, profile: str, line: str) -> str:
        """Return the error message of an aws command that must be refused."""
        result = self.shell(f"aws --profile {profile} --output json {line}")
        assert result.returncode != 0, result.stdout
        return result.stderr

    def start(self, line: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, as a terminal or a runner does."""
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", "shell", "-c", f"exec {line}"],
            cwd=CHECKOUT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def recover(self, environment: str) -> subprocess.CompletedProcess[str]:
        """Recover a stack as its deploy role."""
        return self.shell(
            f"AWS_PROFILE={environment} python -m bootstrap recover --unit analytics --environment {environment}"
        )

    def state(self, environment: str) -> dict[str, Any]:
        """Return the deployment in the state of a stack."""
        exported = self.shell(f"pulumi stack export -s {environment}")
        assert exported.returncode == 0, exported.stderr
        return cast("dict[str, Any]", json.loads(exported.stdout)["deployment"])


@contextmanager
def prepared(folder: Path, stage: str) -> Generator[Sandbox]:
    """Create a sandbox at a stage of `tests.e2e.prepare`, and remove it afterwards."""
    sandbox = Sandbox(folder)
    try:
        program = [sys.executable, "-m", "tests.e2e.prepare", stage]
        subprocess.run(program, cwd=CHECKOUT, env=sandbox.environment, check=True)
        yield sandbox
    finally:
        sandbox.call("down")


@dataclass(frozen=True, kw_only=True)
class InterruptedUpdate:
    """An update that a signal ended."""

    process: int
    code: int
    survivors: Sequence[str]
    """Command lines of its processes that still run."""


def _is_done(line: str, operation: str) -> bool:
    """Return whether a line of the engine reports an `operation` (`create`, `update`) on an AWS resource as done."""
    event = cast("dict[str, Any]", json.loads(line)) if line.startswith("{") else {}
    metadata = cast("dict[str, str]", event.get("resOutputsEvent", {}).get("metadata", {}))
    return metadata.get("op") == operation and metadata.get("type", "").startswith("aws:")


def interrupt_update(
    sandbox: Sandbox,
    line: str,
    *,
    by: signal.Signals,
    after: int,
    operation: str,
    meanwhile: Callable[[], None] = lambda: None,
) -> InterruptedUpdate:
    """Run an update and send its process group a signal after that many AWS resources.

    The update is stopped while `meanwhile` runs, so that it makes no progress before the signal.
    """
    done = 0
    family: list[psutil.Process] = []
    printed: list[str] = []
    # By default the engine works on as many resources in parallel as the machine's processors allow, perhaps on all.
    with sandbox.start(f"{line} --json --parallel 4") as update:
        assert update.stdout is not None
        for text in update.stdout:
            printed.append(text)
            done += _is_done(text, operation)
            if done >= after and not family:
                os.killpg(update.pid, signal.SIGSTOP)
                family = psutil.Process(update.pid).children(recursive=True)
                meanwhile()
                os.killpg(update.pid, by)
                os.killpg(update.pid, signal.SIGCONT)
    assert len(family) >= 2, f"the update finished before the signal, after {done} resources:\n{''.join(printed[-20:])}"
    _, alive = psutil.wait_procs(family, timeout=SECONDS_TO_EXIT)
    return InterruptedUpdate(
        process=update.pid, code=update.returncode, survivors=[" ".join(member.cmdline()) for member in alive]
    )
