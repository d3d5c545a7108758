"""Run a script again and again, each time in a process of its own that is killed one step later, until none is left.

python killed.py FOLDER SCRIPT [argument …]: FOLDER/given is what a job finds in /opt/ml. Each run gets a copy of it, as a job gets a machine: those
that are killed are FOLDER/000, FOLDER/001 and so on, and the last one gets to its end. Prints the steps, as JSON.

A step begins before a file of the job is opened, before something is written into an empty one, before one is renamed, and
at the end of all.
"""

import importlib
import json
import os
import runpy
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(folder: Path, script: Path, arguments: list[str]) -> None:
    """Run the script until a run is not killed any more."""
    # A fork has all that is imported by now, and begins within milliseconds.
    importlib.import_module(script.stem)
    sys.argv = [str(script), *arguments]
    steps: list[str] = []
    while True:
        machine, note = folder / f"{len(steps):03}", folder / "step"
        shutil.copytree(folder / "given", machine)
        child = os.fork()
        if child == 0:
            os.environ["SM_BASE"] = str(machine)
            end = killing(len(steps), machine, note)
            runpy.run_path(str(script), run_name="__main__")
            end()
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status):
            if os.WEXITSTATUS(status):
                sys.exit("a run failed, its reason is above")
            break
        steps.append(note.read_text())
    sys.stdout.write(json.dumps(steps))


def killing(step: int, machine: Path, note: Path) -> Callable[[], None]:
    """Let this process be killed at a step, which it notes before; return what it calls at its end, which is a step, too."""
    seen: list[str] = []

    def at(name: str) -> None:
        if name in seen and not name.startswith("read "):
            return
        seen.append(name)
        if len(seen) > step:
            # Not by Python's own files, which are watched.
            descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(descriptor, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.rename") and str(arguments[0]).startswith(f"{machine}/"):
            verb = "rename" if event == "os.rename" else "open" if set(str(arguments[1])) & set("wax") else "read"
            at(f"{verb} {Path(str(arguments[0])).relative_to(machine)}")

    def called(_: object, event: str, function: Any) -> None:
        if event == "c_call" and function.__name__ == "write":
            name = str(getattr(function.__self__, "name", ""))
            if name.startswith(f"{machine}/"):
                at(f"write {Path(name).relative_to(machine)}")

    sys.addaudithook(audited)
    sys.setprofile(called)
    return lambda: at("end")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
