"""Recognition of the sandbox's own server processes, and of servers that are gone."""

from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from sandbox import certificates, http_client, servers


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


def test_a_server_that_does_not_answer_is_named_without_a_traceback(tmp_path: Path) -> None:
    files = certificates.create(tmp_path)
    gone = servers.Server(pid=0, url="https://localhost:1")
    found = servers.Servers(aws=gone, github=gone, trust=str(files.ca), tokens={})
    with pytest.raises(http_client.RefusedError, match=r"^GET https://localhost:1/_ministack/ready: .*refused"):
        http_client.call(found, "GET", f"{gone.url}/_ministack/ready", {})
