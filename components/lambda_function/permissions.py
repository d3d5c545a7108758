"""Permissions of every function of the platform, and of those that use GitHub."""

import pulumi

from components import iam
from components.network.vpc_config import VpcConfig


def use_credential(secret_arn: pulumi.Input[str]) -> iam.Statement:
    """Read the platform's credential for GitHub; its key is that of the function's dead-letter queue."""
    return iam.allow("ReadCredential", "secretsmanager:GetSecretValue", on=secret_arn)


def report(
    log_group_arn: pulumi.Input[str], failures_arn: pulumi.Input[str], key_arn: pulumi.Input[str]
) -> list[iam.Statement]:
    """Write logs and traces, and send failed events to the dead-letter queue, which the secrets key encrypts."""
    return [
        write_logs(log_group_arn),
        iam.allow("ReportFailures", "sqs:SendMessage", on=failures_arn),
        iam.allow("UseSecretsKey", "kms:Decrypt", "kms:GenerateDataKey", on=key_arn),
        write_traces(),
    ]


def write_logs(log_group_arn: pulumi.Input[str]) -> iam.Statement:
    """Write to the function's log group, which the platform creates."""
    return iam.allow(
        "WriteLogs",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        on=pulumi.Output.concat(log_group_arn, ":*"),
    )


def write_traces() -> iam.Statement:
    """Send traces to X-Ray."""
    return iam.allow(
        "WriteTraces",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        on=iam.NO_RESOURCE_TYPE,
    )


def run_in(vpc_config: VpcConfig, function_name: str) -> list[iam.Statement]:
    """Let Lambda attach the function to its network, but not the function's own code.

    Source: Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC".
    """
    environment = vpc_config.environment
    return [
        *vpc_config.attach(),
        # Functions share interfaces, each with addresses of its own; SageMaker's jobs do not.
        iam.allow(
            "AssignAddresses",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
            on=environment.arn("ec2", "network-interface/*"),
        ),
        # Lambda refuses to create a function whose role may not delete every interface.
        iam.allow("LeaveNetwork", "ec2:DeleteNetworkInterface", on=environment.arn("ec2", "*/*")),
        iam.deny(
            "OnlyLambdaJoinsNetworks",
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
            on=iam.EveryResource(reason="a denial must not leave a gap"),
            when={"ArnEquals": {"lambda:SourceFunctionArn": environment.arn("lambda", f"function:{function_name}")}},
        ),
    ]
