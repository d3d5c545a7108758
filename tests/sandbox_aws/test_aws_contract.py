"""The private names of MiniStack that the sandbox relies on are what they were when it was written."""

import json
import re
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from sandbox.aws.cloudformation import handlers
from tests.installed import local_aws_python

REPOSITORY = Path(__file__).parents[2]
SOURCES = REPOSITORY / "sandbox" / "aws"
MINISTACK = SOURCES / "ministack"


PROGRAM = """
import json
from sandbox.aws.ministack import contract
real = list(contract.differences())
contract.VERSION = "0"
contract.NAMES = {"ministack.app": {"app": "(scope)", "no_such_name": "()"}}
print(json.dumps([real, list(contract.differences())]))
"""


@pytest.fixture(scope="module")
def differences() -> tuple[list[str], list[str]]:
    """Return the differences between MiniStack and the contract, and those from other expectations."""
    command = local_aws_python("-c", PROGRAM)
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    real, changed = json.loads(result.stdout)
    return real, changed


def test_ministack_is_what_the_sandbox_was_written_against(differences: tuple[list[str], list[str]]) -> None:
    assert differences[0] == []


def test_a_name_that_has_changed_or_disappeared_is_reported(differences: tuple[list[str], list[str]]) -> None:
    assert differences[1] == [
        "ministack 1.5.33 is installed; the sandbox was written against 0",
        "ministack.app.app: expected (scope), found (scope, receive, send)",
        "ministack.app.no_such_name: expected (), found nothing",
    ]


def test_every_name_that_the_sandbox_uses_is_in_the_contract() -> None:
    imports = (MINISTACK / "modules.py").read_text()
    modules: Mapping[str, str] = dict(re.findall(r'^(\w+): Any = import_module\("([\w.]+)"\)', imports, re.MULTILINE))
    assert len(modules) > 10
    contract = (MINISTACK / "contract.py").read_text()
    used, missing = 0, list[str]()
    for source in sorted(MINISTACK.glob("*.py")):
        for module, name in re.findall(r"\bmodules\.(\w+)\.(\w+)", source.read_text()):
            used += 1
            section = contract.partition(f'"{modules[module]}": {{')[2].partition("\n    },")[0]
            if f'"{name}":' not in section:
                missing.append(f"{source.name}: {modules[module]}.{name}")
    assert used > 100
    assert missing == []


def test_only_one_package_reads_or_replaces_names_of_ministack() -> None:
    knowing = [
        source.relative_to(SOURCES).as_posix()
        for source in sorted(SOURCES.rglob("*.py"))
        if ".venv" not in source.parts
        and re.search(r'"ministack\.\w|\bmodules\.\w|import modules\b', source.read_text())
    ]
    assert knowing
    assert {Path(source).parts[0] for source in knowing} == {"ministack"}


def test_every_action_that_stacks_are_checked_for_exists_in_aws() -> None:
    cfn_lint = find_spec("cfnlint")
    assert cfn_lint is not None
    assert cfn_lint.origin is not None
    known = json.loads((Path(cfn_lint.origin).parent / "data" / "AdditionalSpecs" / "Policies.json").read_text())
    text = (SOURCES / "cloudformation" / "resource_types.py").read_text()
    condition_keys = {("iam", "PermissionsBoundary"), ("iam", "PolicyARN")}
    actions = set(re.findall(r'"((?!aws:)[a-z0-9]+):([A-Z]\w+)"', text)) - condition_keys
    for kind in handlers.PROPERTIES:
        for operation in ("create", "read", "update", "delete"):
            declared = [action.partition(":") for action in handlers.declared(kind, operation)]
            actions |= {(service, action) for service, _, action in declared}
    assert len(actions) > 50
    assert [
        f"{service}:{action}"
        for service, action in sorted(actions)
        if action.lower() not in {name.lower() for name in known[service]["Actions"]}
    ] == []
