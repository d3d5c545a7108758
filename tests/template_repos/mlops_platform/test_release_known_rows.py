"""Rows whose truth is known, as people write them."""

import re
from pathlib import Path

import pytest

from mlops_platform.release import DeploymentError, known_rows


def test_the_last_column_is_the_truth(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('"M, old",0.4,7\n\nF,0.5,8.5\n')
    assert known_rows.read_rows(file) == ([["M, old", "0.4"], ["F", "0.5"]], [7.0, 8.5])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"M,0.4,7\nF,0.5,eight\n", ", row 2 ends with 'eight', expected the truth, a number"),
        (b"M,0.4,nan\n", ", row 1 ends with 'nan', expected the truth, a number"),
        (b"M,0.4,7\nF,8\n", ", row 2 has 2 values, and the first row has 3"),
        (b"", " has no row"),
        (b'"M,0.4,7\n', " is no CSV in UTF-8: "),
        (b"M\xff,0.4,7\n", " is no CSV in UTF-8: "),
    ],
)
def test_a_mistake_is_refused_with_the_file_and_the_row(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "smoke" / "rows.csv"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(DeploymentError, match="^" + re.escape(f"smoke/rows.csv{problem}")):
        known_rows.read_rows(file)
