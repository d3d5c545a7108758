"""The code of the batch's job: this repository's `job/`, and what it needs of the platform's; uploaded as one folder."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_platform import REPOSITORY

JOB = REPOSITORY / "job"
SHARED = ("__init__.py", "job", "monitoring")
"""What the job needs of `mlops_platform/`."""


@contextmanager
def folder() -> Generator[Path]:
    """Put the job's code together, in a folder that exists until the `with` statement ends."""
    ignore = shutil.ignore_patterns("__pycache__")
    with TemporaryDirectory() as temporary:
        code = Path(temporary, "code")
        shutil.copytree(JOB, code, ignore=ignore)
        target = code / "mlops_platform"
        target.mkdir()
        for name in SHARED:
            source = REPOSITORY / "mlops_platform" / name
            if source.is_dir():
                shutil.copytree(source, target / name, ignore=ignore)
            else:
                shutil.copy(source, target / name)
        yield code
