"""The private names of MiniStack that the sandbox relies on are what they were when it was written."""

import json
import re
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tests.installed import local_aws_python

REPOSITORY = Path(__file__).parents[2]
SOURCES = REPOSITORY / "sandbox" / "aws"


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter of the local AWS."""
    command = local_aws_python(*arguments)
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_ministack_is_what_the_sandbox_was_written_against() -> None:
    result = python("-m", "sandbox.aws.contract")
    assert result.returncode == 0, result.stderr


def test_a_name_that_changed_or_went_is_reported() -> None:
    program = """
from sandbox.aws import contract
contract.VERSION = "0"
contract.NAMES = {"ministack.app": {"app": "(scope)", "no_such_name": "()"}}
print(*contract.differences(), sep="\\n")
"""
    lines = python("-c", program).stdout.splitlines()
    assert lines == [
        "ministack 1.5.33 is installed; the sandbox was written against 0",
        "ministack.app.app: expected (scope), found (scope, receive, send)",
        "ministack.app.no_such_name: expected (), found nothing",
    ]


def test_every_name_that_the_sandbox_uses_is_in_the_contract() -> None:
    door = (SOURCES / "emulator.py").read_text()
    modules: Mapping[str, str] = dict(re.findall(r'^(\w+): Any = import_module\("([\w.]+)"\)', door, re.MULTILINE))
    assert len(modules) > 10
    contract = (SOURCES / "contract.py").read_text()
    missing: list[str] = []
    for source in sorted(SOURCES.rglob("*.py")):
        if ".venv" in source.parts:
            continue
        for module, name in re.findall(r"\bemulator\.(\w+)\.(\w+)", source.read_text()):
            section = contract.partition(f'"{modules.get(module)}": {{')[2].partition("\n    },")[0]
            if module in modules and f'"{name}":' not in section and name != "json":
                missing.append(f"{source.name}: {modules[module]}.{name}")
    assert missing == []


def test_every_action_that_stacks_are_checked_for_exists_in_aws() -> None:
    cfn_lint = find_spec("cfnlint")
    assert cfn_lint is not None
    assert cfn_lint.origin is not None
    known = json.loads((Path(cfn_lint.origin).parent / "data" / "AdditionalSpecs" / "Policies.json").read_text())
    text = (SOURCES / "cloudformation" / "resource_types.py").read_text()
    condition_keys = {("iam", "PermissionsBoundary"), ("iam", "PolicyARN")}
    actions = set(re.findall(r'"((?!aws:)[a-z0-9]+):([A-Z]\w+)"', text)) - condition_keys
    assert len(actions) > 50
    assert [
        f"{service}:{action}"
        for service, action in sorted(actions)
        if action.lower() not in {name.lower() for name in known[service]["Actions"]}
    ] == []
