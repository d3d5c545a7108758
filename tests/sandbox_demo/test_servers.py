"""Recognition of the sandbox's own server processes."""

from collections.abc import Sequence

import psutil
import pytest

from sandbox import servers


class Process:
    """A process as psutil describes it."""

    def __init__(self, command: Sequence[str], status: str) -> None:
        self._command, self._status = command, status

    def cmdline(self) -> Sequence[str]:
        return self._command

    def status(self) -> str:
        return self._status


@pytest.mark.parametrize(
    ("command", "status", "alive"),
    [
        (["python", "-m", "sandbox.aws", "--port", "1"], psutil.STATUS_SLEEPING, True),
        # Between two programs of one process (uv becomes Python) there is no command line for a moment.
        ([], psutil.STATUS_RUNNING, True),
        ([], psutil.STATUS_ZOMBIE, False),
        (["python", "-m", "another.program"], psutil.STATUS_SLEEPING, False),
    ],
)
def test_a_server_is_alive_while_its_process_runs_and_is_still_the_server(
    monkeypatch: pytest.MonkeyPatch, command: Sequence[str], status: str, alive: bool
) -> None:
    def look(pid: int) -> Process:
        assert pid == 1
        return Process(command, status)

    monkeypatch.setattr(psutil, "Process", look)
    assert servers.alive(1) is alive
