"""Flow logs: a record of the traffic of a network."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.iam.role import Role, RoleArgs

RETENTION_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """The network whose traffic is recorded, and the key of the records."""

    environment: Environment
    vpc_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the records."""


class FlowLogs(pulumi.ComponentResource):
    """Accepted and rejected traffic of a network, kept encrypted for a year."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-log-group",
            name=f"{args.environment.parameter_path}/flow-logs",
            retention_in_days=RETENTION_DAYS,
            kms_key_id=args.kms_key_arn,
            opts=child,
        )
        role = Role(
            name,
            RoleArgs(
                environment=args.environment,
                purpose="flow-logs",
                description="Writes the network's flow logs",
                trust_policy=iam.trust_service("vpc-flow-logs.amazonaws.com", account_id=args.environment.account_id),
                policies={
                    "write-flow-logs": iam.document(
                        iam.allow(
                            "WriteFlowLogs",
                            "logs:CreateLogStream",
                            "logs:DescribeLogStreams",
                            "logs:PutLogEvents",
                            on=[log_group.arn, pulumi.Output.concat(log_group.arn, ":*")],
                        ),
                        iam.allow("FindLogGroup", "logs:DescribeLogGroups", on=iam.NO_RESOURCE_TYPE),
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
