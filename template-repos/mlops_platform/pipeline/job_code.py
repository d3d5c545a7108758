"""The code that jobs get: a repository's own scripts, and the parts of the platform's folder that these import."""

import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mlops_platform import REPOSITORY


@contextmanager
def assembled(scripts: Path, parts: Sequence[str]) -> Generator[Path]:
    """Return a temporary folder with the scripts, and beside them `mlops_platform` with some of its packages.

    A script is started in that folder, so it imports from both.

    Args:
        scripts: Folder of the scripts.
        parts: Packages of `mlops_platform`, for example `monitoring`. They need no package that the jobs' images lack.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    shared = REPOSITORY / "mlops_platform"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, scripts.name)
        shutil.copytree(scripts, folder, ignore=ignored)
        (folder / shared.name).mkdir()
        shutil.copy(shared / "__init__.py", folder / shared.name)
        for part in parts:
            shutil.copytree(shared / part, folder / shared.name / part, ignore=ignored)
        yield folder
