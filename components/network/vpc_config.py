"""The parts of a network in which the platform's workloads run, and their security groups."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.parameters import Values


@dataclass(frozen=True, kw_only=True)
class VpcConfig:
    """Subnets, and the security group of what stands in them."""

    environment: Environment
    vpc_id: pulumi.Output[str]
    subnet_ids: Sequence[pulumi.Output[str]]
    """Private subnets, in several availability zones."""
    security_group_id: pulumi.Output[str]

    @property
    def parameters(self) -> Values:
        """Parameters by which projects and people run their jobs here."""
        return {
            "network/vpc-id": self.vpc_id,
            "network/private-subnet-ids": self.subnet_ids,
            "network/workload-security-group-id": self.security_group_id,
        }

    @property
    def of_function(self) -> aws.lambda_.FunctionVpcConfigArgsDict:
        """The place of a Lambda function."""
        return {"subnet_ids": self.subnet_ids, "security_group_ids": [self.security_group_id]}

    def behind(self, security_group_id: pulumi.Output[str]) -> Self:
        """Return the same subnets with another security group."""
        return replace(self, security_group_id=security_group_id)

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


@dataclass(frozen=True, kw_only=True)
class SecurityGroups:
    """The security groups of what the platform runs, by what is in them."""

    workload: pulumi.Output[str]
    """Group of everything, or where there is a group of jobs, of everything else: of Studio's apps, and of functions."""
    jobs: pulumi.Output[str] | None = None
    """Group of jobs, where Studio is."""

    @property
    def of_jobs(self) -> pulumi.Output[str]:
        """Group that jobs get, and models."""
        return self.workload if self.jobs is None else self.jobs


def security_groups(
    name: str, *, environment: Environment, vpc_id: pulumi.Input[str], studio: bool, parent: pulumi.Resource
) -> SecurityGroups:
    """Declare the security groups of everything that the platform runs, whose members reach anything by HTTPS.

    Jobs reach each other on every port. Where Studio is, the other group admits nothing: an app of Studio answers whoever reaches its
    port, and all apps of a domain are in the domain's group, so that the app of a lead would be open to jobs, and to the apps of
    other people. What needs traffic within a group are the kernels of Studio Classic; people may run apps in private spaces alone,
    JupyterLab and Code Editor, whose kernels run on the app's own machine.
    Source: SageMaker Developer Guide, "Connect Amazon SageMaker Studio in a VPC to External Resources".
    """
    child = pulumi.ResourceOptions(parent=parent)

    def group(purpose: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{name}-{purpose}",
            description=description,
            vpc_id=vpc_id,
            tags={"Name": f"{environment.prefix}-{purpose}"},
            opts=child,
        )

    groups = {"workload": group("workload", "Everything that the platform runs")}
    if studio:
        groups["jobs"] = group("jobs", "Jobs, whose instances reach each other")
    for purpose, each in groups.items():
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-{purpose}-to-https",
            description="HTTPS to AWS, GitHub and package indexes",
            security_group_id=each.id,
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=child,
        )
    # Distributed training chooses its ports freely.
    of_jobs = "jobs" if studio else "workload"
    jobs = groups[of_jobs]
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-{of_jobs}-from-itself",
        description="From its own members",
        security_group_id=jobs.id,
        referenced_security_group_id=jobs.id,
        ip_protocol="-1",
        opts=child,
    )
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-{of_jobs}-to-itself",
        description="To its own members",
        security_group_id=jobs.id,
        referenced_security_group_id=jobs.id,
        ip_protocol="-1",
        opts=child,
    )
    return SecurityGroups(workload=groups["workload"].id, jobs=jobs.id if studio else None)
