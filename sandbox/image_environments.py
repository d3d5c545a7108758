"""Install the Python environments of SageMaker's images (`images/`)."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import environments, paths

CONTAINER = paths.CHECKOUT / "template-repos" / "mlops_platform" / "serving" / "container.py"
"""Program that serves as an image does, and finishes its environment; launched repositories have it too."""

PYTHON = "3.12"
"""Version of Python in the images. Where the machine does not have it, the one that runs everything else serves."""


class InstallationError(Exception):
    """An environment could not be installed; the message is what the installing program said."""


def python(folder: Path) -> Path:
    """Return the interpreter of an image's environment."""
    return folder / ".venv" / "bin" / "python"


def server(folder: Path) -> Path | None:
    """Return the server that an image brings; SageMaker's own images have none."""
    brought = folder / "serving.py"
    return brought if brought.is_file() else None


def install(folder: Path, environment: Mapping[str, str]) -> None:
    """Install the environment of the image in a folder, or bring it up to date.

    Raises:
        InstallationError: it cannot be installed.
    """
    inherited = {key: value for key, value in environment.items() if key != "VIRTUAL_ENV"}
    found = _run(environments.uv("python", "find", "--no-project", "--no-python-downloads", PYTHON), inherited)
    chosen = [] if found.returncode else ["--python", found.stdout.strip()]
    commands = [environments.uv("sync", "--quiet", "--frozen", "--compile-bytecode", "--project", str(folder), *chosen)]
    if server(folder) is None:
        commands.append([str(python(folder)), str(CONTAINER), "finish"])
    for command in commands:
        done = _run(command, inherited)
        if done.returncode:
            raise InstallationError(done.stderr.strip())


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
