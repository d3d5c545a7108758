"""Tables that are written as TOML are read back as they were."""

import tomllib

import pytest

from functions.template_cloner.toml import Tables, read_table, write


def test_a_file_reads_as_people_write_it() -> None:
    tables: Tables = {
        "project": {"name": "abalone", "count": 3, "launched": True, "late": False},
        "pipeline": {"subnet_ids": ["subnet-1", "subnet-2"], "none": []},
    }

    assert write(tables) == (
        '[project]\nname = "abalone"\ncount = 3\nlaunched = true\nlate = false\n'
        '\n[pipeline]\nsubnet_ids = ["subnet-1", "subnet-2"]\nnone = []\n'
    )
    assert tomllib.loads(write(tables)) == tables


@pytest.mark.parametrize(
    "text",
    [
        "",
        'a "quoted" word',
        "back\\slash",
        "line\nbreak\ttab\r\b\f",
        "\x00\x1f\x7f",
        "größe 🦪",
        "'''",
        "# no comment",
        "{x = 1}",
    ],
)
def test_any_text_survives(text: str) -> None:
    tables: Tables = {"table": {"key": text, "keys": [text, text]}}

    assert tomllib.loads(write(tables)) == tables


@pytest.mark.parametrize("key", ["with space", "dotted.key", "", "größe", 'quo"te', "bare-key_1"])
def test_any_key_survives(key: str) -> None:
    tables: Tables = {key: {key: 1}}

    assert tomllib.loads(write(tables)) == tables


def test_no_tables_are_an_empty_file() -> None:
    assert write({}) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[template]\nname = "x"\nnumber = 1\n', {"name": "x"}),
        ("[other]\n", {}),
        ('template = "a text"\n', {}),
        ("this is no TOML", {}),
    ],
)
def test_the_texts_of_one_table_are_read(text: str, expected: dict[str, str]) -> None:
    assert read_table(text, "template") == expected
