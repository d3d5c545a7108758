"""The contents of assets and archives."""

from pathlib import Path

import pytest

from sandbox.plugins.values import AssetError, archive_content, asset_content, base64_sha256
from tests.sandbox_plugins.cases.documents import ARCHIVE, ASSET, SIGNATURE


def test_equal_files_make_equal_archives(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "inner").mkdir(parents=True)
        for name in ("b.py", "a.py", "inner/c.py") if folder == "one" else ("inner/c.py", "a.py", "b.py"):
            (tmp_path / folder / name).write_text(name)
    one = archive_content({SIGNATURE: ARCHIVE, "path": "one"}, tmp_path)
    two = archive_content({SIGNATURE: ARCHIVE, "path": "two"}, tmp_path)
    files = {name: {SIGNATURE: ASSET, "path": f"one/{name}"} for name in ("a.py", "b.py")}
    nested = {"inner": {SIGNATURE: ARCHIVE, "assets": {"c.py": {SIGNATURE: ASSET, "text": "inner/c.py"}}}}
    three = archive_content({SIGNATURE: ARCHIVE, "assets": {**nested, **files}}, tmp_path)
    assert base64_sha256(one) == base64_sha256(two) == base64_sha256(three)
    (tmp_path / "ready.zip").write_bytes(one)
    assert archive_content({SIGNATURE: ARCHIVE, "path": "ready.zip"}, tmp_path) == one


def test_an_asset_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("no zip")
    with pytest.raises(AssetError, match=r"a\.tar is not a zip file"):
        archive_content({SIGNATURE: ARCHIVE, "path": "a.tar"}, tmp_path)
    with pytest.raises(AssetError, match="nowhere is not a folder"):
        archive_content({SIGNATURE: ARCHIVE, "path": "nowhere"}, tmp_path)
    with pytest.raises(AssetError, match="remote ones"):
        archive_content({SIGNATURE: ARCHIVE, "uri": "https://elsewhere"}, tmp_path)
    with pytest.raises(AssetError, match=r"asset b\.txt"):
        asset_content({SIGNATURE: ASSET, "path": "b.txt"}, tmp_path)
    with pytest.raises(AssetError, match="remote ones"):
        asset_content({SIGNATURE: ASSET, "uri": "https://elsewhere"}, tmp_path)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert asset_content({SIGNATURE: ASSET, "hash": empty}, tmp_path) == b""
