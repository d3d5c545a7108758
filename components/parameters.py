"""What launched projects read from the Parameter Store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class ParametersArgs:
    """Values, and where they are published."""

    path: str
    """Path of this stack alone: `/mlops/{unit}/{environment}`."""
    values: Mapping[str, pulumi.Input[str]]
    """Values by name below the path."""
    lists: Mapping[str, Sequence[pulumi.Input[str]]]
    """Lists of values by name below the path."""


class Parameters(pulumi.ComponentResource):
    """Parameters below a path of the stack's own; one that exists already is never overwritten."""

    def __init__(self, name: str, args: ParametersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Parameters", name, None, opts)
        for key, value in args.values.items():
            self._publish(f"{name}-{key}", f"{args.path}/{key}", "String", value)
        for key, values in args.lists.items():
            self._publish(
                f"{name}-{key}", f"{args.path}/{key}", "StringList", pulumi.Output.all(*values).apply(_joined)
            )
        self.register_outputs({})

    def _publish(self, name: str, key: str, kind: str, value: pulumi.Input[str]) -> None:
        aws.ssm.Parameter(name, name=key, type=kind, value=value, opts=pulumi.ResourceOptions(parent=self))


def _joined(values: Sequence[str]) -> str:
    return ",".join(values)
