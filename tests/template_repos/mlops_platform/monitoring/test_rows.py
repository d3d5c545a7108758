"""Rows of a model's requests: read, or put aside with the reason."""

import io
from pathlib import Path

import pytest

from mlops_platform.monitoring import rows
from mlops_platform.monitoring.baseline import of_rows
from mlops_platform.monitoring.rows import KEPT, Refused, Row, of_file, of_lines

FEATURES = of_rows([["M", "1", "2"]], {"sex": "categoric", "length": "numeric", "height": "numeric"}).features


def read(*lines: bytes) -> list[Row | Refused]:
    return list(of_lines(io.BytesIO(b"".join(lines)), "day.csv", FEATURES))


def test_rows_are_read_in_order_with_their_place() -> None:
    assert read(b"M,1,2\n", b'"F, or so", .5 ,-1e3\r\n', b"\n", b"I,+1.,2") == [
        Row("day.csv:1", ("M", "1", "2")),
        Row("day.csv:2", ("F, or so", ".5", "-1e3")),
        Row("day.csv:4", ("I", "+1.", "2")),
    ]


def test_missing_values_and_other_categories_are_left_to_whoever_uses_the_row() -> None:
    assert read(b",NA,?\n", b"X,1,2\n") == [Row("day.csv:1", ("", "NA", "?")), Row("day.csv:2", ("X", "1", "2"))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"M,1", "2 values, expected 3: sex, length, height"),
        (b"M,1,2,3", "4 values, expected 3: sex, length, height"),
        (b"sex,length,height", "length is 'length', expected a number"),
        (b"M,1,4_55", "height is '4_55', expected a number"),
        (b"M,inf,2", "length is 'inf', expected a number"),
        (b"M,1e999,2", "length is '1e999', expected a number"),
        ("M,\u0661,2".encode(), "length is '\u0661', expected a number"),
        (b'M,"1,2', "no CSV: unexpected end of data"),
        (b'M,"1"2,3', "no CSV: ',' expected after '\"'"),
        (b"M,1,\xff", "no UTF-8 at byte 5"),
        (b"M,1," + b"9" * 200_000, "no CSV: field larger than field limit"),
        (b"M,1," + b"x" * 100, f"height is '{'x' * 40}…', expected a number"),
    ],
)
def test_a_line_that_is_no_row_is_put_aside_with_the_reason(line: bytes, reason: str) -> None:
    before, refused, after = read(b"M,1,2\n", line + b"\n", b"F,3,4\n")
    assert isinstance(refused, Refused)
    assert refused.place == "day.csv:2"
    assert refused.reason.startswith(reason)
    assert refused.text == line.decode(errors="replace")[:KEPT]
    assert (before, after) == (Row("day.csv:1", ("M", "1", "2")), Row("day.csv:3", ("F", "3", "4")))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_as_unix_windows_or_an_old_spreadsheet_ends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    file = tmp_path / "rows.csv"
    found = [Row(f"rows.csv:{number}", ("M", str(number), "2")) for number in range(1, 101)]
    file.write_bytes(b"".join(",".join(row.values).encode() + end for row in found))
    monkeypatch.setattr(rows, "BLOCK", 7)  # so that ends lie across blocks, too
    assert list(of_file(file, FEATURES)) == found


def test_a_line_break_within_quotes_leaves_two_lines_that_are_no_rows() -> None:
    refused = read(b'M,1,2\nM,"3\r",4\n')[1:]
    assert [(each.place, isinstance(each, Refused)) for each in refused] == [("day.csv:2", True), ("day.csv:3", True)]


def test_a_file_may_begin_with_a_byte_order_mark_and_a_value_may_hold_a_line_separator(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(b"\xef\xbb\xbfM,1,2\r\n" + "a\u2028b,3,4\n".encode() + b"F,5,6")
    assert list(of_file(file, FEATURES)) == [
        Row("rows.csv:1", ("M", "1", "2")),
        Row("rows.csv:2", ("a\u2028b", "3", "4")),
        Row("rows.csv:3", ("F", "5", "6")),
    ]


def test_every_line_is_read_or_put_aside_once(tmp_path: Path) -> None:
    lines = [b"M,1,2", b"M,1", b'"M,1,2', b"F,3,4", b"\xff", b"I,a,b", b"I,5,6"]
    file = tmp_path / "rows.csv"
    file.write_bytes(b"\n".join(lines))
    found = list(of_file(file, FEATURES))
    assert [each.place for each in found] == [f"rows.csv:{number}" for number in range(1, len(lines) + 1)]
    assert sum(isinstance(each, Row) for each in found) == 3
