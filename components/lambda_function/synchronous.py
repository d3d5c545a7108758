"""A Lambda function whose callers wait for its answer; its code is a package in `functions/`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.iam.role import Role, RoleArgs
from components.lambda_function import permissions
from components.lambda_function.code import archive


@dataclass(frozen=True, kw_only=True)
class SynchronousFunctionArgs:
    """Settings of a function."""

    environment: Environment
    purpose: str
    """Suffix of the names of the function, its role and its log group."""
    description: str
    role_description: str
    package: str
    """Package of its code in `functions/`; its `handler.py` has the entry point, `handler`."""
    policies: Mapping[str, pulumi.Input[str]]
    """Permissions of its code, by purpose; those for logs and traces are added."""
    variables: Mapping[str, pulumi.Input[str]]
    """Environment variables of its code."""
    timeout_seconds: int
    logs_key_arn: pulumi.Input[str]
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
        function_name = f"{args.environment.prefix}-{args.purpose}"
        child = pulumi.ResourceOptions(parent=self)
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/lambda/{function_name}",
            kms_key_id=args.logs_key_arn,
            retention_in_days=365,
            opts=child,
        )
        role = Role(
            name,
            RoleArgs(
                environment=args.environment,
                purpose=args.purpose,
                description=args.role_description,
                trust_policy=iam.trust_service("lambda.amazonaws.com", account_id=args.environment.account_id),
                policies={
                    **args.policies,
                    "runtime": iam.document(permissions.write_logs(log_group.arn), permissions.write_traces()),
                },
            ),
            pulumi.ResourceOptions(parent=self, aliases=args.role_aliases),
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            name=function_name,
            description=args.description,
            runtime="python3.13",
            architectures=["arm64"],
            handler="handler.handler",
            code=archive(args.package),
            role=role.arn,
            memory_size=256,
            timeout=args.timeout_seconds,
            tracing_config={"mode": "Active"},
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            environment={"variables": args.variables},
            opts=child,
        )
        self.arn = function.arn
        self.function_name = function.name
        self.register_outputs({"arn": self.arn, "function_name": self.function_name})
