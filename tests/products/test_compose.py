"""Templates composed of parts: values in their places, and comments above what they are about."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from products.catalog import PRODUCTS
from products.compose import compose
from products.part import PARTS, Part
from tests.cloudformation import parse
from tests.products.product import launched

Written = Callable[..., list[Part]]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Parts with these texts, which are called 0, 1 and so on."""
    monkeypatch.setattr("products.part.PARTS", tmp_path)

    def write(*texts: str) -> list[Part]:
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.yaml").write_text(text)
        return [Part(name=str(number)) for number in range(len(texts))]

    return write


def test_parts_add_to_each_other(written: Written) -> None:
    parts = written(
        "Resources:\n  A:\n    Type: X\n    DependsOn: [B]\n    Tags:\n      - Sid: one\n        Action: [a]\n",
        "Resources:\n  C:\n    Type: Z\n  A:\n    DependsOn: [C]\n    Tags:\n"
        "      - Sid: one\n        Action: [b]\n      - Sid: two\n",
        "Outputs:\n  O: 1\nDescription: text\n",
    )

    text = compose(parts, {})

    assert parse(text) == {
        "Description": "text",
        "Resources": {
            "A": {"Type": "X", "DependsOn": ["B", "C"], "Tags": [{"Sid": "one", "Action": ["a", "b"]}, {"Sid": "two"}]},
            "C": {"Type": "Z"},
        },
        "Outputs": {"O": 1},
    }
    assert list(parse(text)) == ["Description", "Resources", "Outputs"]


def test_a_comment_stays_above_its_entry(written: Written) -> None:
    parts = written(
        "# about this part\n\n# all of them\nResources:\n  # of A\n  A:\n    L:\n      # of one\n      # in two lines\n"
        "      - Sid: one\n  # of B\n  B:\n    Type: Y\n",
        "Resources:\n  # of B\n  # again\n  B: {}\n  A:\n    L:\n      # of two\n      - Sid: two\n        # inside\n        Action: x\n"
        "  # of <name>\n  C:\n    Type: Z\n",
    )

    assert compose([parts[0], Part(name="1", values={"name": "C"})], {}).splitlines()[1:] == [
        *("# all of them", "Resources:", "  # of A", "  A:", "    L:", "      # of one", "      # in two lines"),
        *("      - Sid: one", "      # of two", "      - Sid: two", "        # inside", "        Action: x", ""),
        *("  # of B", "  # again", "  B:", "    Type: Y", "", "  # of C", "  C:", "    Type: Z"),
    ]


@pytest.mark.parametrize("value", ["012345678901", "on", "No", "~", "1e3", "12:30"])
def test_a_value_stays_text(written: Written, value: str) -> None:
    [part] = written("Resources:\n  A: <value>\n")

    assert parse(compose([part], {"value": value}))["Resources"] == {"A": value}


def test_a_value_is_filled_in_wherever_it_is_named(written: Written) -> None:
    [part] = written('Resources:\n  <b>C:\n    D: !Sub "<a>-${E}"\n    F: [!Ref <b>C, "x<a>", \'<a>\']\n    G: x:<a>\n')

    assert parse(compose([part], {"a": "one", "b": "Two"}))["Resources"] == {
        "TwoC": {"D": {"Fn::Sub": "one-${E}"}, "F": [{"Ref": "TwoC"}, "xone", "one"], "G": "x:one"}
    }


def test_json_is_merged_like_other_mappings_and_published_as_text(written: Written) -> None:
    parts = written(
        'Resources:\n  A:\n    V: !Json\n      b: !Ref B\n      c: [!GetAtt B.C, "<d>", 1]\n',
        'Resources:\n  A:\n    V:\n      e:\n        f: !Sub "${G}-h"\n',
    )

    template = parse(compose(parts, {"d": "text"}))

    text = template["Resources"]["A"]["V"]["Fn::Sub"]
    assert json.loads(text) == {"b": "${B}", "c": ["${B.C}", "text", 1], "e": {"f": "${G}-h"}}


def test_a_value_that_is_not_given_is_refused(written: Written) -> None:
    [part] = written('Resources:\n  A: "<unit>"\n')

    with pytest.raises(ValueError, match=r"0\.yaml names <unit>, which is not given"):
        compose([part], {})


def test_a_value_that_nothing_names_is_refused(written: Written) -> None:
    [part] = written('Resources:\n  A: "<unit>"\n')

    with pytest.raises(ValueError, match="no part uses <region>"):
        compose([part], {"unit": "analytics", "region": "eu-west-1"})
    with pytest.raises(ValueError, match=r"0\.yaml does not use <region>"):
        compose([Part(name="0", values={"region": "eu-west-1"})], {"unit": "analytics"})


def test_the_arguments_of_a_function_are_not_joined(written: Written) -> None:
    parts = written("Rules:\n  A: !Or [!Ref B, C]\nResources: {}\n", "Rules:\n  A: !Or [!Ref D, C]\n")

    assert compose([parts[0], parts[0]], {}) == compose(parts[:1], {})
    with pytest.raises(ValueError, match="1: Rules: A says something else than a part before it"):
        compose(parts, {})


@pytest.mark.parametrize("other", ["Y", "!Ref X", "[X]"])
def test_two_parts_that_contradict_each_other_are_refused(written: Written, other: str) -> None:
    parts = written("Resources:\n  A:\n    Type: X\n", f"Resources:\n  A:\n    Type: {other}\n")

    with pytest.raises(ValueError, match="1: Resources: A: Type says something else than a part before it"):
        compose(parts, {})


def test_every_part_is_used_and_its_comments_are_published() -> None:
    published = {part.name: launched(product.key).text for product in PRODUCTS for part in product.parts}
    others = {
        "mlflow",
        *("project-roles", "project-roles-batch", "project-roles-claims", "project-roles-instance-type"),
        *("pipeline-instance-type", "project-roles-job-instance-type"),
        *("project-roles-container", "project-roles-scheduled"),
        *("project-roles-realtime", "promoted-pipeline-account", "promoted-pipeline-claims"),
    }
    assert {file.stem for file in PARTS.iterdir()} == published.keys() | others
    for name, text in published.items():
        lines = (PARTS / f"{name}.yaml").read_text(encoding="utf-8").partition("\n\n")[2].splitlines()
        comments = [line for line in lines if "#" in line and "<" not in line]
        assert [comment for comment in comments if comment not in text.splitlines()] == []
