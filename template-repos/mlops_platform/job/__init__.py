"""The folders of a job of SageMaker, its archives, and the report of its failure; needs the standard library alone.

SageMaker puts the files of every job below /opt/ml. `SM_BASE` moves that folder, so that the same scripts run on a laptop.
The SM_CHANNEL_… variables are not used: SageMaker sets them only for scripts that its own toolkit starts.
"""

import hashlib
import json
import logging
import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path


def base() -> Path:
    """Return the folder that SageMaker calls /opt/ml."""
    return Path(os.environ.get("SM_BASE", "/opt/ml"))


def processing_input(name: str) -> Path:
    """Return the folder of an input of a processing job."""
    return base() / "processing" / "input" / name


def processing_output(name: str) -> Path:
    """Return the folder of an output of a processing job, created if it is missing."""
    folder = base() / "processing" / "output" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def channel(name: str) -> Path:
    """Return the folder of an input channel of a training job."""
    return base() / "input" / "data" / name


def model_folder() -> Path:
    """Return the folder whose content becomes model.tar.gz, created if it is missing."""
    folder = base() / "model"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def hyperparameters() -> dict[str, str]:
    """Return the hyperparameters of a training job, as strings."""
    return json.loads((base() / "input" / "config" / "hyperparameters.json").read_text())


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of an archive below `folder`.

    `tarfile.data_filter` would do it, but came with Python 3.11.4, and Debian 12 has 3.11.2.

    Raises:
        ValueError: the archive holds a link, a device or a path that would leave the folder; nothing after it is written.
    """
    with tarfile.open(archive) as opened:
        for member in opened:
            target = (folder / member.name).resolve()
            if not target.is_relative_to(folder.resolve()) or not (member.isfile() or member.isdir()):
                raise ValueError(f"{archive.name} holds {member.name}, which is no file inside of it")
            if content := opened.extractfile(member):
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file)


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file of any size, in hexadecimal digits.

    `hashlib.file_digest` would do it, but came with Python 3.11, which older images of SageMaker lack.
    """
    content = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(1024 * 1024):
            content.update(chunk)
    return content.hexdigest()


def run(main: Callable[[], None]) -> None:
    """Run a job; if it fails, write the reason to the files that SageMaker reads, so that the pipeline can show it.

    Training jobs report /opt/ml/output/failure as their FailureReason, processing jobs /opt/ml/output/message as
    their ExitMessage.
    """
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    try:
        main()
    except Exception as error:
        output = base() / "output"
        output.mkdir(parents=True, exist_ok=True)
        for name in ("failure", "message"):
            # SageMaker cuts both at 1,024 characters.
            (output / name).write_text(f"{type(error).__name__}: {error}"[:1024])
        raise
