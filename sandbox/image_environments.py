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
    found = _run(environments.uv("python", "find", "--no-project", "--no-python-downloads", PYTHON), environment)
    chosen = [] if found.returncode else ["--python", found.stdout.strip()]
    sync(folder, environment, "--compile-bytecode", *chosen)
    if server(folder) is None:
        _require([str(python(folder)), str(CONTAINER), "finish"], environment)


def sync(folder: Path, environment: Mapping[str, str], *options: str) -> None:
    """Install the locked packages of a folder into its environment, or bring it up to date.

    Raises:
        InstallationError: they cannot be installed.
    """
    _require(environments.uv("sync", "--quiet", "--frozen", "--project", str(folder), *options), environment)


def _require(command: Sequence[str], environment: Mapping[str, str]) -> None:
    done = _run(command, environment)
    if done.returncode:
        raise InstallationError(done.stderr.strip())


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in environment.items() if key != "VIRTUAL_ENV"}
    return subprocess.run(command, env=inherited, capture_output=True, text=True, check=False)
