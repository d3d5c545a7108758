"""The comparison of wanted with actual properties, and the checks of inputs."""

import json
from typing import Any

import pytest

from sandbox.plugins.properties import Property, differs, problems, with_defaults
from sandbox.plugins.values import UNKNOWN
from tests.sandbox_plugins.declared import (
    block,
    blocks,
    document,
    flag,
    json_text,
    number,
    ordered_texts,
    text,
    text_map,
    texts,
)

POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "A", "Action": ["s3:GetObject"], "Resource": ["a", "b"]}]}
SAME_POLICY = {"Statement": {"Resource": ["b", "a"], "Action": "s3:GetObject", "Sid": "A"}, "Version": "2012-10-17"}
RULE = block({"days": number(default=30), "key": text(computed=True)})


@pytest.mark.parametrize(
    ("declared", "wanted", "actual"),
    [
        (text(), None, ""),
        (text(default="x"), None, "x"),
        (text(computed=True), None, "whatever the cloud chose"),
        (flag(), None, False),
        (number(), 3, 3.0),
        (document(), json.dumps(POLICY), json.dumps(SAME_POLICY)),
        (json_text(), '{"a": [1, 2]}', '{ "a" : [1,2]}'),
        (texts(), ["a", "b"], ["b", "a"]),
        (text_map(), None, {}),
        (RULE, {}, {"days": 30, "key": "chosen"}),
        (blocks({"a": text(), "b": text()}), [{"a": "1"}, {"b": "2"}], [{"b": "2"}, {"a": "1", "b": ""}]),
    ],
)
def test_values_of_equal_meaning_do_not_differ(declared: Property, wanted: Any, actual: Any) -> None:
    assert not differs(declared, wanted, actual)


@pytest.mark.parametrize(
    ("declared", "wanted", "actual"),
    [
        (text(), None, "set by hand"),
        (text(), UNKNOWN, "x"),
        (flag(default=True), None, False),
        (number(), 0, 5),
        (document(), json.dumps(POLICY), json.dumps({**POLICY, "Statement": []})),
        (json_text(), '{"a": [1, 2]}', '{"a": [2, 1]}'),
        (texts(), ["a"], ["a", "b"]),
        (texts(), ["a", "a"], ["a", "b"]),
        (ordered_texts(), ["a", "b"], ["b", "a"]),
        (text_map(), {"a": "1"}, {"a": "1", "b": "2"}),
        (RULE, {"days": 1}, {"days": 30}),
        (blocks({"a": text()}), [{"a": "1"}], [{"a": "2"}]),
    ],
)
def test_values_of_another_meaning_differ(declared: Property, wanted: Any, actual: Any) -> None:
    assert differs(declared, wanted, actual)


def test_every_problem_has_its_path() -> None:
    table = {
        "name": text(required=True),
        "size": number(),
        "policy": document(),
        "rules": blocks({"days": number(required=True)}),
        "tags": text_map(),
        "on": flag(),
    }
    inputs = {
        "size": "3",
        "policy": "{",
        "rules": [{"day": 3}, UNKNOWN, 5],
        "tags": {"a": 1, "b": None},
        "on": UNKNOWN,
        "colour": "red",
    }
    assert dict(problems(table, inputs)) == {
        "size": "expected a number, got a string",
        "policy": "it is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "rules[0].day": "the sandbox does not implement this property",
        "rules[0].days": "this property is required",
        "rules[2]": "expected an object, got a number",
        "tags.a": "expected a string, got a number",
        "colour": "the sandbox does not implement this property",
        "name": "this property is required",
    }


def test_defaults_apply_inside_objects_but_not_to_unknown_values() -> None:
    table = {"a": text(default="x"), "rules": blocks({"days": number(default=30)}), "rule": RULE}
    assert with_defaults(table, {"rules": [{}, UNKNOWN], "rule": UNKNOWN}) == {
        "a": "x",
        "rules": [{"days": 30}, UNKNOWN],
        "rule": UNKNOWN,
    }
