"""A stack's file that cannot be used is refused in one line that names it and says what to do."""

import os
from pathlib import Path

import pytest

from bootstrap import settings_file, stack_file
from bootstrap.errors import BootstrapError

UNUSABLE = {
    "an indentation by a tab": (b"config:\n\ta: b\n", r"line 2: .*; indent with spaces"),
    "a list at the top": (b"- config\n", "begin it with `config:`"),
    "a text at the top": (b"config\n", "begin it with `config:`"),
    "nothing": (b"", "begin it with `config:`"),
    "no config": (b"secretsprovider: awskms://alias/a\n", "below a line `config:`"),
    "an empty config": (b"config:\n", "below a line `config:`"),
    "a list as config": (b"config:\n- a\n", "below a line `config:`"),
    "a repeated key": (b"config:\n  a: 1\n  b: 2\n  a: 3\n", "line 4: the key a is given twice"),
    "a repeated key further down": (b"config:\n  a:\n    b: [{c: 1, c: 2}]\n", "line 3: the key c is given twice"),
    "another encoding": ("config: {a: é}\n".encode("latin-1"), "save it in UTF-8; byte 13"),
    "two bytes a character": ("config: {}\n".encode("utf-16"), "save it in UTF-8"),
    "a bracket that is never closed": (b"config: [\n", "line 2: "),
    "an alias of nothing": (b"config: *a\n", "line 1: found undefined alias"),
    "two documents": (b"config: {a: b}\n---\nconfig: {a: c}\n", "line 2: "),
    "a control character": (b"config: {a: \x00}\n", "unacceptable character"),
    "a tag of a language": (b"config: !!python/object:os.system {}\n", "line 1: could not determine a constructor"),
    "a day that no month has": (b"config: {a: 2026-02-30}\n", "day is out of range"),
    "brackets without end": (b"config: " + b"[" * 5000, "cannot be read"),
}


@pytest.mark.parametrize(("content", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_is_no_stacks_settings_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_bytes(content)
    with pytest.raises(BootstrapError, match=reason) as refused:
        settings_file.describe(file)
    assert str(refused.value).startswith(str(file))
    assert len(str(refused.value).splitlines()) == 1


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").mkdir()
    with pytest.raises(BootstrapError, match=r"Pulumi\.dev\.yaml cannot be read: Is a directory\.$"):
        stack_file.read(tmp_path / "Pulumi.dev.yaml")
    with pytest.raises(BootstrapError, match=r"Pulumi\.prod\.yaml cannot be read: No such file or directory\.$"):
        stack_file.read(tmp_path / "Pulumi.prod.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.touch(mode=0)
    with pytest.raises(BootstrapError, match="cannot be read: Permission denied"):
        stack_file.read(file)


def test_keys_that_a_merge_overrides_are_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config:\n  a: &a {x: 1, y: 2}\n  b: {<<: *a, y: 3}\n")
    assert stack_file.read(file)["config"]["b"] == {"x": 1, "y": 3}
