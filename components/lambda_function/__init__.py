"""A Lambda function of the platform; its code is a package in `functions/`."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam.role import Role
from components.lambda_function import declared, permissions
from components.network.vpc_config import VpcConfig


@dataclass(frozen=True, kw_only=True)
class PlatformFunctionArgs(declared.FunctionArgs):
    """Settings of a function that works on events."""

    vpc_config: VpcConfig | None
    """Place of a function that reaches something in a network; None for one that does not."""
    runs_at_once: int
    longest_wait_seconds: int
    """Age in seconds at which an event that waits is sent to the dead-letter queue."""
    secrets_key_arn: pulumi.Input[str]
    """Key of the events in the dead-letter queue."""


class PlatformFunction(pulumi.ComponentResource):
    """A function with a log group, a bounded role, and a dead-letter queue of events that failed three times."""

    arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    failures: aws.sqs.Queue

    def __init__(self, name: str, args: PlatformFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:PlatformFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.failures = aws.sqs.Queue(
            f"{name}-failures",
            name=f"{args.function_name}-failures",
            kms_master_key_id=args.secrets_key_arn,
            message_retention_seconds=14 * 24 * 3600,
            opts=child,
        )
        logs = declared.log_group(name, args, child)
        network = permissions.run_in(args.vpc_config, args.function_name) if args.vpc_config else ()
        role = Role(
            name,
            declared.role(args, *permissions.report(logs.arn, self.failures.arn, args.secrets_key_arn), *network),
            child,
        )
        function = declared.function(
            name,
            args,
            role_arn=role.arn,
            logs=logs,
            child=child,
            runs_at_once=args.runs_at_once,
            vpc_config=args.vpc_config,
            failures=self.failures,
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
