"""A Lambda function of the platform; its code is a package in `functions/`."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.iam.role import Role, RoleArgs
from components.lambda_function import permissions
from components.lambda_function.code import archive
from components.network.vpc_config import VpcConfig


@dataclass(frozen=True, kw_only=True)
class PlatformFunctionArgs:
    """Settings of a function."""

    environment: Environment
    vpc_config: VpcConfig | None
    """Place of a function that reaches something in a network; None for one that does not."""
    purpose: str
    """Suffix of the names of the function, its role, its log group and its queue."""
    description: str
    role_description: str
    package: str
    """Package of its code in `functions/`; its `handler.py` has the entry point, `handler`."""
    policies: Mapping[str, pulumi.Input[str]]
    """Permissions of its code, by purpose; those for logs, traces, the network and the secrets key are added."""
    variables: Mapping[str, pulumi.Input[str]]
    """Environment variables of its code."""
    timeout_seconds: int
    runs_at_once: int
    longest_wait_seconds: int
    """Age in seconds at which an event that waits is sent to the dead-letter queue."""
    logs_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    """Key of the events in the dead-letter queue."""


class PlatformFunction(pulumi.ComponentResource):
    """A function with a log group, a bounded role, and a dead-letter queue of events that failed three times."""

    arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    failures: aws.sqs.Queue

    def __init__(self, name: str, args: PlatformFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:PlatformFunction", name, None, opts)
        function_name = f"{args.environment.prefix}-{args.purpose}"
        child = pulumi.ResourceOptions(parent=self)
        self.failures = aws.sqs.Queue(
            f"{name}-failures",
            name=f"{function_name}-failures",
            kms_master_key_id=args.secrets_key_arn,
            message_retention_seconds=14 * 24 * 3600,
            opts=child,
        )
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/lambda/{function_name}",
            kms_key_id=args.logs_key_arn,
            retention_in_days=365,
            opts=child,
        )
        role = _role(name, args, function_name, log_group, self.failures, child)
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
            reserved_concurrent_executions=args.runs_at_once,
            vpc_config=args.vpc_config.of_function if args.vpc_config else None,
            tracing_config={"mode": "Active"},
            dead_letter_config={"target_arn": self.failures.arn},
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            environment={"variables": args.variables},
            opts=child,
        )
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-requests",
            function_name=function.name,
            maximum_event_age_in_seconds=args.longest_wait_seconds,
            maximum_retry_attempts=2,
            opts=child,
        )
        self.arn = function.arn
        self.function_name = function.name
        self.register_outputs({"arn": self.arn, "function_name": self.function_name})


def _role(
    name: str,
    args: PlatformFunctionArgs,
    function_name: str,
    log_group: aws.cloudwatch.LogGroup,
    failures: aws.sqs.Queue,
    child: pulumi.ResourceOptions,
) -> Role:
    """Create the function's role, with the permissions of its code and those that every function needs."""
    return Role(
        name,
        RoleArgs(
            environment=args.environment,
            purpose=args.purpose,
            description=args.role_description,
            trust_policy=iam.trust_service("lambda.amazonaws.com", account_id=args.environment.account_id),
            policies={
                **args.policies,
                "runtime": iam.document(
                    *permissions.report(log_group.arn, failures.arn, args.secrets_key_arn),
                    *(permissions.run_in(args.vpc_config, function_name) if args.vpc_config else ()),
                ),
            },
        ),
        child,
    )
