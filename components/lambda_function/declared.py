"""The parts of every function of the platform, however it is called: code, log group, role, and the same settings."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.iam.role import RoleArgs
from components.lambda_function.code import archive
from components.network.vpc_config import VpcConfig


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """Settings of a function."""

    environment: Environment
    purpose: str
    """Suffix of the names of the function, its role and all that belongs to it."""
    description: str
    role_description: str
    package: str
    """Package of its code in `functions/`; its `handler.py` has the entry point, `handler`."""
    policies: Mapping[str, pulumi.Input[str]]
    """Permissions of its code, by purpose; those that every function needs are added."""
    variables: Mapping[str, pulumi.Input[str]]
    """Environment variables of its code."""
    timeout_seconds: int
    logs_key_arn: pulumi.Input[str]

    @property
    def function_name(self) -> str:
        """Name of the function."""
        return f"{self.environment.prefix}-{self.purpose}"


def log_group(name: str, args: FunctionArgs, child: pulumi.ResourceOptions) -> aws.cloudwatch.LogGroup:
    """Declare the function's log group."""
    return aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=f"/aws/lambda/{args.function_name}",
        kms_key_id=args.logs_key_arn,
        retention_in_days=365,
        opts=child,
    )


def role(args: FunctionArgs, *runtime: iam.Statement) -> RoleArgs:
    """Describe the function's role, with the permissions of its code and those that it takes to run."""
    return RoleArgs(
        environment=args.environment,
        purpose=args.purpose,
        description=args.role_description,
        trust_policy=iam.trust_service("lambda.amazonaws.com", account_id=args.environment.account_id),
        policies={**args.policies, "runtime": iam.document(*runtime)},
    )


def function(
    name: str,
    args: FunctionArgs,
    *,
    role_arn: pulumi.Input[str],
    logs: aws.cloudwatch.LogGroup,
    child: pulumi.ResourceOptions,
    runs_at_once: int | None = None,
    vpc_config: VpcConfig | None = None,
    failures: aws.sqs.Queue | None = None,
) -> aws.lambda_.Function:
    """Declare the function itself; what fails three times is sent to `failures`."""
    dead_letters: aws.lambda_.FunctionDeadLetterConfigArgsDict | None = None
    if failures:
        dead_letters = {"target_arn": failures.arn}
    return aws.lambda_.Function(
        f"{name}-function",
        name=args.function_name,
        description=args.description,
        runtime="python3.13",
        architectures=["arm64"],
        handler="handler.handler",
        code=archive(args.package),
        role=role_arn,
        memory_size=256,
        timeout=args.timeout_seconds,
        reserved_concurrent_executions=runs_at_once,
        vpc_config=vpc_config.of_function if vpc_config else None,
        tracing_config={"mode": "Active"},
        dead_letter_config=dead_letters,
        logging_config={"log_format": "JSON", "log_group": logs.name},
        environment={"variables": args.variables},
        opts=child,
    )
