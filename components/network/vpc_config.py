"""The part of a network in which the platform's workloads run."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.parameters import Values


@dataclass(frozen=True, kw_only=True)
class VpcConfig:
    """Subnets and security group of Lambda functions, Studio apps, jobs and endpoints."""

    environment: Environment
    vpc_id: pulumi.Output[str]
    subnet_ids: Sequence[pulumi.Output[str]]
    """Private subnets, in several availability zones."""
    security_group_id: pulumi.Output[str]

    @property
    def parameters(self) -> Values:
        """Parameters by which projects run their jobs here."""
        return {
            "network/vpc-id": self.vpc_id,
            "network/private-subnet-ids": self.subnet_ids,
            "network/workload-security-group-id": self.security_group_id,
        }

    @property
    def of_function(self) -> aws.lambda_.FunctionVpcConfigArgsDict:
        """The place of a Lambda function."""
        return {"subnet_ids": self.subnet_ids, "security_group_ids": [self.security_group_id]}

    def attach(self) -> tuple[iam.Statement, ...]:
        """Let a role put network interfaces here, as everything that runs in a VPC must, and nowhere else.

        One statement for both actions on them: subnets and security group matter to their creation alone, because
        the other has no other resource type than the interface itself.
        Source: Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC".
        """
        return (
            iam.allow(
                "AttachToNetwork",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                on=[
                    self.environment.arn("ec2", "network-interface/*"),
                    *(
                        pulumi.Output.concat(self.environment.arn("ec2", "subnet/"), subnet)
                        for subnet in self.subnet_ids
                    ),
                    pulumi.Output.concat(self.environment.arn("ec2", "security-group/"), self.security_group_id),
                ],
            ),
            iam.allow(
                "SeeNetwork",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                on=iam.NO_RESOURCE_TYPE,
            ),
        )

    def lend_to_sagemaker(self) -> tuple[iam.Statement, ...]:
        """Let a role lend network interfaces to SageMaker's account, which runs its jobs, and to no other.

        Source: SageMaker Developer Guide, "CreateTrainingJob API: Execution Role Permissions"; Service Authorization Reference,
        "Condition keys for Amazon EC2", ec2:AuthorizedService.
        """
        interfaces = self.environment.arn("ec2", "network-interface/*")
        return (
            iam.allow(
                "LendToSageMaker",
                "ec2:CreateNetworkInterfacePermission",
                on=interfaces,
                when={"StringEquals": {"ec2:AuthorizedService": "sagemaker.amazonaws.com"}},
            ),
            iam.allow("TakeBack", "ec2:DeleteNetworkInterfacePermission", on=interfaces),
        )


def workload_security_group(
    name: str, *, environment: Environment, vpc_id: pulumi.Input[str], parent: pulumi.Resource
) -> aws.ec2.SecurityGroup:
    """Declare the security group of everything that the platform runs.

    Its members reach each other on every port, because distributed training and Studio's kernels choose theirs freely,
    and anything else by HTTPS alone: AWS through endpoints, GitHub and package indexes through the NAT gateway.
    """
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(
        f"{name}-workload",
        description="Everything that the platform runs",
        vpc_id=vpc_id,
        tags={"Name": f"{environment.prefix}-workload"},
        opts=child,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-workload-from-itself",
        description="From its own members",
        security_group_id=group.id,
        referenced_security_group_id=group.id,
        ip_protocol="-1",
        opts=child,
    )
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-workload-to-itself",
        description="To its own members",
        security_group_id=group.id,
        referenced_security_group_id=group.id,
        ip_protocol="-1",
        opts=child,
    )
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-workload-to-https",
        description="HTTPS to AWS, GitHub and package indexes",
        security_group_id=group.id,
        cidr_ipv4="0.0.0.0/0",
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        opts=child,
    )
    return group
