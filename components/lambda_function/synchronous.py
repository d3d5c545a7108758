"""A Lambda function whose callers wait for its answer; its code is a package in `functions/`."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.iam.role import Role
from components.lambda_function import declared, permissions


@dataclass(frozen=True, kw_only=True)
class SynchronousFunctionArgs(declared.FunctionArgs):
    """Settings of a function that answers its callers."""

    role_aliases: Sequence[pulumi.Alias] = ()
    """Places in which earlier states know the role."""


class SynchronousFunction(pulumi.ComponentResource):
    """A function with a log group and a bounded role.

    It stands in no network, so that it works in accounts whose network has neither a NAT gateway nor private endpoints; it
    accepts no connections, and reaches nothing but what its role may call. Its callers learn of failures themselves:
    there is no dead-letter queue.
    """

    arn: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: SynchronousFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:SynchronousFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = declared.log_group(name, args, child)
        role = Role(
            name,
            declared.role(args, permissions.write_logs(logs.arn), permissions.write_traces()),
            pulumi.ResourceOptions(parent=self, aliases=args.role_aliases),
        )
        function = declared.function(name, args, role_arn=role.arn, logs=logs, child=child)
        self.arn = function.arn
        self.function_name = function.name
        self.register_outputs({"arn": self.arn, "function_name": self.function_name})
