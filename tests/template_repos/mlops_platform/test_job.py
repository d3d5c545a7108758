"""The folders of a job, its archives, and the report of its failure."""

import io
import tarfile
from pathlib import Path

import pytest

from mlops_platform import job


def archive(folder: Path, *members: tarfile.TarInfo) -> Path:
    """Return an archive with these members, each with one byte."""
    file = folder / "model.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        for member in members:
            member.size = 1 if member.isfile() else 0
            tar.addfile(member, io.BytesIO(b"x"))
    return file


def test_the_files_of_an_archive_are_written_below_the_folder(tmp_path: Path) -> None:
    job.unpack(archive(tmp_path, tarfile.TarInfo("code/inference.py")), tmp_path / "to")
    assert (tmp_path / "to" / "code" / "inference.py").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, tarfile.REGTYPE) for name in ("../out", "/out", "code/../../out")),
        *(("in", kind) for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)),
    ],
)
def test_an_archive_that_leaves_its_folder_or_holds_a_link_or_a_device_is_refused(
    tmp_path: Path, name: str, kind: bytes
) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/hostname"
    with pytest.raises(ValueError, match=f"holds {name}, which is no file inside of it"):
        job.unpack(archive(tmp_path, member), tmp_path / "to")
    assert not (tmp_path / "out").exists()


def test_the_reason_of_a_failure_is_where_sagemaker_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_BASE", str(tmp_path))

    def fail() -> None:
        raise ValueError("x" * 2000)

    with pytest.raises(ValueError, match="x"):
        job.run(fail)
    for name in ("failure", "message"):
        reason = (tmp_path / "output" / name).read_text()
        assert (reason[:13], len(reason)) == ("ValueError: x", 1024)


def test_folders_are_those_of_sagemaker_or_below_another_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SM_BASE", raising=False)
    assert job.processing_input("rows") == Path("/opt/ml/processing/input/rows")
    assert job.channel("train") == Path("/opt/ml/input/data/train")
    monkeypatch.setenv("SM_BASE", str(tmp_path))
    assert job.processing_output("runs") == tmp_path / "processing" / "output" / "runs"
    assert (tmp_path / "processing" / "output" / "runs").is_dir()
    assert job.model_folder() == tmp_path / "model"
    assert job.model_folder().is_dir()
