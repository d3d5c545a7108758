"""A record of who talked to whom in a network."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.role import Role, RoleArgs

RETENTION_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """What is recorded, and where."""

    prefix: str
    """Beginning of every physical name."""
    account_id: str
    vpc_id: pulumi.Input[str]
    log_group_name: str
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the records."""
    boundary_arn: str
    """Permissions boundary of the role that writes them."""


class FlowLogs(pulumi.ComponentResource):
    """Accepted and rejected traffic of a network, kept encrypted for a year."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-log-group",
            name=args.log_group_name,
            retention_in_days=RETENTION_DAYS,
            kms_key_id=args.kms_key_arn,
            opts=child,
        )
        role = Role(
            f"{name}-role",
            RoleArgs(
                role_name=f"{args.prefix}-flow-logs",
                description="Writes the network's flow logs",
                trust_policy=iam.trust_service("vpc-flow-logs.amazonaws.com", account_id=args.account_id),
                boundary_arn=args.boundary_arn,
                policies={
                    "write-flow-logs": iam.document(
                        iam.allow(
                            "WriteFlowLogs",
                            "logs:CreateLogStream",
                            "logs:DescribeLogStreams",
                            "logs:PutLogEvents",
                            on=[log_group.arn, log_group.arn.apply(lambda arn: f"{arn}:*")],
                        ),
                        iam.allow(
                            "FindLogGroup",
                            "logs:DescribeLogGroups",
                            on=iam.EveryResource(reason="AWS has no resource type for it"),
                        ),
                    )
                },
            ),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=log_group.arn,
            iam_role_arn=role.arn,
            opts=child,
        )
        self.register_outputs({})
