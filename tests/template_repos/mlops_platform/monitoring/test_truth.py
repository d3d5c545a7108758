"""The truth about requests, as people and systems bring it."""

import math
from pathlib import Path

import pytest

from mlops_platform.monitoring import truth
from mlops_platform.monitoring.rows import Refused


def write(folder: Path, name: str, text: str | bytes) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_each_line_is_the_id_of_a_request_and_a_number_for_each_of_its_rows(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", b'\xef\xbb\xbforder-1,9\r\n\n"order, 2", 10.5 ,,12\n')
    found = truth.read(tmp_path, keep=10)
    assert found.values["order-1"] == (9,)
    first, second, third = found.values["order, 2"]
    assert (first, third) == (10.5, 12)
    assert math.isnan(second)
    assert (found.unread, found.kept) == (0, [])


def test_of_two_lines_about_a_request_the_later_one_counts(tmp_path: Path) -> None:
    write(tmp_path, "2026/11/29.csv", "order-1,11\n")
    write(tmp_path, "2026/11/28.csv", "order-1,9\norder-1,10\n")
    assert truth.read(tmp_path, keep=10).values == {"order-1": (11,)}


def test_lines_may_end_as_an_old_spreadsheet_ends_them(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", b"order-1,9\rorder-2,10\r")
    assert truth.read(tmp_path, keep=10).values == {"order-1": (9,), "order-2": (10,)}


def test_other_files_are_none_of_truth(tmp_path: Path) -> None:
    write(tmp_path, "placeholder", "order-1,9\n")
    write(tmp_path, "a.json", '{"order-1": 9}\n')
    assert truth.read(tmp_path, keep=10).values == {}


def test_a_folder_whose_name_ends_like_a_file_is_none(tmp_path: Path) -> None:
    """A deployment may put a placeholder at any depth below `captured/`."""
    write(tmp_path, "2026/x.csv/placeholder", "")
    write(tmp_path, "a.csv", "order-1,9\n")
    assert truth.read(tmp_path, keep=10).values == {"order-1": (9,)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"order-1", "the truth is missing"),
        (b",9", "the id of the request is missing"),
        (b"order-1,9,high", "the truth of row 2 is 'high', expected a number"),
        (b"order-1,inf", "the truth of row 1 is 'inf', expected a number"),
        (b'order-1,"9', "no CSV"),
        (b"order-\xff,9", "no UTF-8 at byte 7"),
    ],
)
def test_a_line_that_cannot_be_read_is_put_aside_with_the_reason(tmp_path: Path, line: bytes, reason: str) -> None:
    write(tmp_path, "a.csv", line + b"\norder-2,9\n")
    found = truth.read(tmp_path, keep=10)
    assert found.values == {"order-2": (9,)}
    [refused] = found.kept
    assert isinstance(refused, Refused)
    assert (found.unread, refused.place) == (1, "a.csv:1")
    assert refused.reason.startswith(reason)


def test_only_the_first_lines_that_cannot_be_read_are_kept(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "nonsense\n" * 5)
    found = truth.read(tmp_path, keep=2)
    assert (found.unread, len(found.kept)) == (5, 2)
