"""The page about what only a real account can tell: it covers the whole sandbox, and its commands exist, as do README's."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "what-only-a-real-account-can-tell.md").read_text(encoding="utf-8")
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
ASSUMPTIONS = {
    text.partition("\n")[0]: text
    for text in PAGE.partition("\n## Assumptions")[2].partition("\n## ")[0].split("\n### ")[1:]
}
"""Sections by their titles."""
MODELS = {"s3api": "s3"}
"""Names of botocore's models by the AWS CLI's names of services, where they differ."""
OF_EVERY_COMMAND = {"no-sign-request", "output", "query", "region", "cli-binary-format"}
"""Options of the AWS CLI itself."""


def parts() -> set[str]:
    """Return the packages of the sandbox, and the packages and modules of the local AWS, without suffixes."""
    packages = (path.parent for path in (CHECKOUT / "sandbox").glob("*/__init__.py"))
    services = [path for path in (CHECKOUT / "sandbox" / "aws").iterdir() if path.suffix == ".py"]
    services += [path.parent for path in (CHECKOUT / "sandbox" / "aws").glob("*/__init__.py")]
    found = {path.relative_to(CHECKOUT).with_suffix("").as_posix() for path in (*packages, *services)}
    return {name for name in found if not name.endswith("__")} - {"sandbox/aws"}


def commands(program: str, page: str = PAGE) -> list[list[str]]:
    """Return the words of a page's command lines of a program; a command in one of them is a word."""
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("\\\n", " ").splitlines()
    found = [line.partition(" | ")[0] for line in lines if line.startswith(f"{program} ")]
    return [shlex.split(re.sub(r'"?\$\(.*\)"?', "EMBEDDED", line)) for line in found]


def test_every_part_of_the_sandbox_has_a_row() -> None:
    rows = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name.removesuffix(".py") for row in rows for name in re.findall(r"`(sandbox/[\w/.]+)`", row)}
    assert parts() - named == set()
    assert [name for name in named if not ((CHECKOUT / name).exists() or (CHECKOUT / f"{name}.py").exists())] == []


def test_every_assumption_has_a_command_and_says_what_to_expect() -> None:
    assert len(ASSUMPTIONS) > 10
    lacking = [title for title, text in ASSUMPTIONS.items() if "```sh\n" not in text or "\nExpect " not in text]
    assert lacking == []
    assert [title.partition(".")[0] for title in ASSUMPTIONS] == [str(n + 1) for n in range(len(ASSUMPTIONS))]


@pytest.mark.parametrize("words", [*commands("aws"), *commands("aws", README)], ids=shlex.join)
def test_a_command_of_aws_has_an_operation_and_options_that_exist(words: list[str]) -> None:
    service, operation, *rest = words[1:]
    model: Any = botocore.session.get_session().get_service_model(MODELS.get(service, service))
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    members = model.operation_model(operations[operation]).input_shape.members
    known = {xform_name(name, "-"): shape.type_name for name, shape in members.items()}
    known |= {f"no-{name}": kind for name, kind in known.items() if kind == "boolean"}
    given = {word.removeprefix("--") for word in rest if word.startswith("--")}
    assert given - known.keys() - OF_EVERY_COMMAND == set()


@pytest.mark.parametrize("words", commands("python"), ids=shlex.join)
def test_a_command_of_the_bootstrap_has_options_that_exist(words: list[str]) -> None:
    told = subprocess.run(
        [sys.executable, *words[1:4], "--help"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert [word for word in words if word.startswith("--") and word not in told.stdout] == []


def test_a_look_into_the_event_history_begins_at_the_time_that_the_reader_sets() -> None:
    looks = [words for words in commands("aws") if "lookup-events" in words]
    assert looks
    assert [words for words in looks if words[words.index("--start-time") + 1] != "$SINCE"] == []


def test_the_update_of_a_project_keeps_every_parameter_of_its_product_but_those_that_it_names() -> None:
    given = [
        sorted(word.removeprefix("Key=").partition(",")[0] for word in words if word.startswith("Key="))
        for words in commands("aws", README)
        if "update-provisioned-product" in words
    ]
    products = sorted(
        (CHECKOUT / "tests" / "products" / "resolved").glob("model-building-*.json"), key=lambda each: len(each.name)
    )
    assert given == [sorted(json.loads(each.read_text(encoding="utf-8"))["Parameters"]) for each in products]


def test_commands_are_found() -> None:
    found = {program: len(commands(program)) for program in ("aws", "gh", "pulumi", "python")}
    assert found == {"aws": 96, "gh": 19, "pulumi": 5, "python": 3}
