"""Archives are unpacked below one folder, and nowhere else."""

import io
import tarfile
from pathlib import Path

import job
import pytest


def archive(folder: Path, member: tarfile.TarInfo, content: bytes = b"") -> Path:
    """Write an archive with one member."""
    file = folder / "model.tar.gz"
    member.size = len(content)
    with tarfile.open(file, "w:gz") as opened:
        opened.addfile(member, io.BytesIO(content))
    return file


def test_a_file_is_written_where_its_archive_says(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    job.unpack(archive(tmp_path, tarfile.TarInfo("./code/inference.py"), b"code"), folder)
    assert (folder / "code" / "inference.py").read_bytes() == b"code"


@pytest.mark.parametrize("name", ["../outside", "/outside", "code/../../outside"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no file inside of it"):
        job.unpack(archive(tmp_path, tarfile.TarInfo(name), b"x"), tmp_path / "model")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_a_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("link")
    member.type, member.linkname = kind, "/etc/hostname"
    with pytest.raises(ValueError, match="no file inside of it"):
        job.unpack(archive(tmp_path, member), tmp_path / "model")
