"""The threat model names a test for each attack, and each of them exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
TESTS = re.compile(r"^ *def (test_\w+)", re.MULTILINE)


def test_every_attack_has_a_test_that_exists() -> None:
    rows = re.findall(r"^\| \d+ \|.*$", PAGE, re.MULTILINE)
    named = [set(re.findall(r"`(test_\w+)`", row)) for row in rows]
    folders = (ROOT / "tests", ROOT / "template-repos")
    existing = {
        name for folder in folders for file in folder.rglob("test_*.py") for name in TESTS.findall(file.read_text())
    }
    assert len(rows) > 15
    assert [row for row, tests in zip(rows, named, strict=True) if not tests] == []
    assert {name for tests in named for name in tests} - existing == set()


def test_every_decision_that_it_names_exists() -> None:
    numbers = {file.name[:4] for file in (ROOT / "docs" / "adr").glob("0*.md")}
    named = set(re.findall(r"\((\d{4})\)", PAGE))
    assert named
    assert named - numbers == set()
