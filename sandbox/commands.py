"""Run programs, keep their output in log files, and explain a failure by its last lines."""

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from sandbox.paths import CHECKOUT, LOGS

LINES_OF_A_FAILURE = 25


class CommandFailedError(Exception):
    """A program ended with an error; the message contains its last lines of output."""


def run(
    arguments: Sequence[str | Path],
    *,
    log: str,
    environment: Mapping[str, str],
    text: str | None = None,
    on_line: Callable[[str], None] | None = None,
    folder: Path = CHECKOUT,
) -> str:
    """Run a program and return its standard output.

    Args:
        arguments: the program and its arguments.
        log: name of the file, without its ending, that receives both output streams.
        environment: the program's whole environment.
        text: the program's standard input; empty unless given.
        on_line: called with each line as it appears.
        folder: the program's working directory.

    Raises:
        CommandFailedError: the program's exit code was not 0.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    with (
        (path := LOGS / f"{log}.log").open("w") as file,
        subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        printed = _communicate(process, file, text, on_line)
    if process.returncode != 0:
        ended = f"{Path(arguments[0]).name} ended with code {process.returncode}"
        raise CommandFailedError(f"{ended} ({path}):\n{last_lines(path)}")
    return printed


def _communicate(
    process: subprocess.Popen[str], log: IO[str], text: str | None, on_line: Callable[[str], None] | None
) -> str:
    """Write a process's input, copy its output to the log as it appears, and return its standard output."""
    printed: list[str] = []

    def read(stream: IO[str], kept: list[str] | None) -> None:
        for line in stream:
            log.write(line)
            if kept is not None:
                kept.append(line)
            if on_line is not None:
                on_line(line.rstrip("\n"))

    if process.stdin is not None and text is not None:
        process.stdin.write(text)
        process.stdin.close()
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("the program's output was not captured")
    errors = threading.Thread(target=read, args=(process.stderr, None))
    errors.start()
    read(process.stdout, printed)
    errors.join()
    return "".join(printed).rstrip("\n")


def last_lines(path: Path) -> str:
    """Return the last lines of a log, which say why its program failed."""
    return "\n".join(path.read_text().splitlines()[-LINES_OF_A_FAILURE:])
