"""The parameters that launched projects read from the Parameter Store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

Values = Mapping[str, str | pulumi.Output[str] | Sequence[pulumi.Output[str]]]
"""Values, and lists of values, by name below a stack's path, such as `network/vpc-id`."""


@dataclass(frozen=True, kw_only=True)
class ParametersArgs:
    """Values, and the path below which they are published."""

    path: str
    """Path of this stack alone: `/mlops/{unit}/{environment}`."""
    values: Values


class Parameters(pulumi.ComponentResource):
    """Parameters below a path of the stack's own; one that exists already is never overwritten."""

    def __init__(self, name: str, args: ParametersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Parameters", name, None, opts)
        for key, value in args.values.items():
            several = isinstance(value, Sequence) and not isinstance(value, str)
            aws.ssm.Parameter(
                f"{name}-{key}",
                name=f"{args.path}/{key}",
                type="StringList" if several else "String",
                value=pulumi.Output.all(*value).apply(",".join) if several else value,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
