"""EC2 where MiniStack's answers differ from AWS's."""

from typing import Any

from sandbox.aws import emulator


def install() -> None:
    """Let flow logs keep their tags: AWS calls their type `vpc-flow-log`, MiniStack looks for another."""
    parse = emulator.ec2._parse_tag_specs

    def parse_tag_specs(params: Any, kind: str, identifier: str) -> Any:
        return parse(params, "vpc-flow-log" if kind == "flow-log" else kind, identifier)

    emulator.ec2._parse_tag_specs = parse_tag_specs
