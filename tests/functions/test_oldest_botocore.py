"""Parameters of AWS's operations that the functions name are known to the oldest botocore that they may find.

Lambda's runtimes have been seen with botocore 1.40.60. `oldest_botocore.json` has the input members of the operations that
the functions call, as that version's service models on PyPI name them; botocore refuses any other parameter.
`python -m tests.functions.test_oldest_botocore FOLDER`, with the folder `botocore/data` of that version, writes it anew.
"""

import ast
import gzip
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.rendering import ROOT

TABLE = Path(__file__).with_name("oldest_botocore.json")
SERVICES = (
    "application-autoscaling",
    "cloudformation",
    "cloudwatch",
    "lambda",
    "s3",
    "sagemaker",
    "scheduler",
    "secretsmanager",
    "ssm",
)
WRAPPERS = {"_put": "put_object"}
"""Functions of ours that hand their keywords to an operation."""


def calls() -> Iterator[tuple[str, str | None, list[str]]]:
    """Yield each call with parameters of AWS: its place, the operation if it is written there, and the parameters."""
    for path in sorted((ROOT / "functions").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            named = [each.arg for each in node.keywords if each.arg and re.match("[A-Z]", each.arg)]
            if named:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", _operation(node), named


def _operation(call: ast.Call) -> str | None:
    match call.func:
        case ast.Attribute(attr="paginate", value=ast.Call(args=[ast.Constant(value=str(operation))])):
            return operation
        case ast.Name(id="list_all"):
            return str(call.args[1].value) if isinstance(call.args[1], ast.Constant) else None
        case ast.Attribute(attr=name):
            return WRAPPERS.get(name, name)
        case _:
            raise AssertionError(f"line {call.lineno}: parameters of AWS in the call of a name")


def test_every_parameter_is_known_to_the_oldest_botocore() -> None:
    known: Mapping[str, Sequence[str]] = json.loads(TABLE.read_text(encoding="utf-8"))
    of_lists = {member for operation, members in known.items() if operation.startswith("list_") for member in members}

    unknown = [
        (place, operation, name)
        for place, operation, named in calls()
        for name in named
        if name not in (of_lists if operation is None else known.get(operation, ()))
    ]

    assert unknown == []


def test_the_table_has_no_operation_that_is_not_called() -> None:
    called = {operation for _, operation, _ in calls()}

    assert set(json.loads(TABLE.read_text(encoding="utf-8"))) == called - {None}


def write(data: Path) -> None:
    """Write the table from the service models of a botocore."""
    wanted = {operation for _, operation, _ in calls()} - {None}
    table: dict[str, list[str]] = {}
    for service in SERVICES:
        [model] = sorted((data / service).glob("*/service-2.json.gz"))[-1:]
        described: Any = json.loads(gzip.decompress(model.read_bytes()))
        for operation, each in described["operations"].items():
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
            if name in wanted:
                table[name] = sorted(described["shapes"][each["input"]["shape"]]["members"])
    lines = [f" {json.dumps(name)}: {json.dumps(table[name])}" for name in sorted(table)]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
