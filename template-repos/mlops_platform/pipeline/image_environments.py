"""Environments with the packages of SageMaker's images: one for each dependency group that stands for one."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from mlops_platform import REPOSITORY

FOLDER = REPOSITORY / ".venv" / "images"
INHERITED_FROM_UV = ("UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV")
"""Variables that name the environment of the program that runs, not the one to install."""


class ImageEnvironmentError(Exception):
    """There is no environment with the packages of an image; the message says why."""


@functools.cache
def interpreter(group: str, project: Path = REPOSITORY) -> Path:
    """Return the interpreter of a group's environment, which is installed, or brought up to date, first.

    Args:
        group: the dependency group.
        project: folder of the pyproject.toml that has the group, and of its uv.lock.

    Raises:
        ImageEnvironmentError: uv is missing, or could not install the group.
    """
    # `uv run` tells its programs where it is.
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise ImageEnvironmentError("uv is needed to install the packages of SageMaker's images, and was not found")
    environment = {name: value for name, value in os.environ.items() if name not in INHERITED_FROM_UV}
    done = subprocess.run(
        [uv, "sync", "--frozen", "--quiet", "--python", sys.executable, "--only-group", group],
        cwd=project,
        env={**environment, "UV_PROJECT_ENVIRONMENT": str(FOLDER / group)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ImageEnvironmentError(f"the packages of the group {group} can't be installed:\n{done.stderr.strip()}")
    return FOLDER / group / "bin" / "python"
