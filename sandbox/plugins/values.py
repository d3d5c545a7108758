"""Values that the engine encodes in its own way: unknown values, assets and archives."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that only the cloud will know."""

_TYPED_UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can carry, so that equal files give equal bytes."""


def is_mapping(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is an object or a map."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Return whether a value is a list."""
    return isinstance(value, list)


def mapping_of(value: Any) -> dict[str, Any]:
    """Return an object or map, empty where there is none."""
    return value or {}


def list_of(value: Any) -> list[Any]:
    """Return a list, empty where there is none."""
    return value or []


class AssetError(Exception):
    """An asset or archive cannot be read; the message says which."""


def simplified(value: Any) -> Any:
    """Return a value with every kind of unknown written as UNKNOWN, and whole numbers as such."""
    if isinstance(value, str):
        return UNKNOWN if value in _TYPED_UNKNOWNS else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if is_list(value):
        return [simplified(element) for element in value]
    if is_mapping(value):
        return {key: simplified(element) for key, element in value.items()}
    return value


def has_unknown(value: Any) -> bool:
    """Return whether a value, or any part of it, is not known yet."""
    if is_list(value):
        return any(has_unknown(element) for element in value)
    if is_mapping(value):
        return any(has_unknown(element) for element in value.values())
    return value == UNKNOWN


def is_asset(value: Any) -> bool:
    """Return whether a value is an asset or an archive."""
    return is_mapping(value) and value.get(_SIGNATURE) in {_ASSET, _ARCHIVE}


def same_content(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Compare two assets or archives by the hash that the engine computes of their content."""
    return one.get("hash") == other.get("hash")


def asset_content(asset: Mapping[str, Any], folder: Path) -> bytes:
    """Return an asset's bytes; relative paths start at `folder`.

    Raises:
        AssetError: it cannot be read.
    """
    if asset.get("hash") == hashlib.sha256(b"").hexdigest():
        return b""  # the engine omits an empty text
    if "text" in asset:
        return str(asset["text"]).encode()
    if "path" in asset:
        try:
            return (folder / asset["path"]).read_bytes()
        except OSError as error:
            raise AssetError(f"asset {asset['path']}: {error}") from error
    raise AssetError("an asset must be a text or a file; remote ones are not implemented by the sandbox")


def archive_content(archive: Mapping[str, Any], folder: Path) -> bytes:
    """Return an archive as the bytes of a zip file, equal for equal files; a zip file on disk is used as it is.

    Raises:
        AssetError: it cannot be read.
    """
    path = folder / archive["path"] if "path" in archive else None
    if path is not None and path.is_file():
        if not zipfile.is_zipfile(path):
            raise AssetError(f"archive {path} is not a zip file; other formats are not implemented by the sandbox")
        return path.read_bytes()
    files: dict[str, bytes] = {}
    _collect(archive, "", folder, files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o755 << 16  # a Lambda's runtime reads the files as another user
            packed.writestr(entry, files[name])
    return buffer.getvalue()


def base64_sha256(content: bytes) -> str:
    """Return the hash of a Lambda's package as AWS writes it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _collect(value: Mapping[str, Any], prefix: str, folder: Path, files: dict[str, bytes]) -> None:
    """Add the files of an asset or archive to `files`, by their names inside the archive."""
    if value[_SIGNATURE] == _ASSET:
        files[prefix] = asset_content(value, folder)
    elif "assets" in value:
        for name, child in value["assets"].items():
            _collect(child, f"{prefix}/{name}" if prefix else name, folder, files)
    elif "path" in value:
        root = folder / value["path"]
        if not root.is_dir():
            raise AssetError(f"archive {root} is not a folder")
        for path in sorted(root.rglob("*")):
            if path.is_file():
                name = path.relative_to(root).as_posix()
                files[f"{prefix}/{name}" if prefix else name] = path.read_bytes()
    else:
        raise AssetError("an archive must be a folder, a zip file or assets; remote ones are not implemented")
