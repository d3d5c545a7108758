"""Archives of models, unpacked as SageMaker does: files only, and only below their folder."""

import shutil
import tarfile
from pathlib import Path


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of an archive below `folder`.

    `tarfile.data_filter` would do it, but came with Python 3.11.4, and Debian 12 has 3.11.2.

    Raises:
        ValueError: the archive holds a link, a device or a path that would leave the folder.
    """
    with tarfile.open(archive) as opened:
        for member in opened:
            target = (folder / member.name).resolve()
            if not target.is_relative_to(folder.resolve()) or not (member.isfile() or member.isdir()):
                raise ValueError(f"{member.name} is no file inside of the archive")
            if content := opened.extractfile(member):
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file)
