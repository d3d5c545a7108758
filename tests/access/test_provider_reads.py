"""Roles that refresh a stack may make every request with which the official provider reads a resource.

The stand-ins make fewer, so that a permission which is missing would show on AWS only. Source: the `Read` of each type in
hashicorp/terraform-provider-aws, internal/service/ec2, at 6.x; for a VPC endpoint, `findPrefixListByName` and
`findSubnetConfigurationsByNetworkInterfaceIDs` in vpc_endpoint.go.
"""

from collections.abc import Iterator

import pytest

from tests.access.authorization import roles_of
from tests.bootstrap.policies import granting_statements
from tests.bootstrap.template import Template
from tests.rendering import Rendering, Renderings

READS: dict[str, set[str]] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"DescribeSecurityGroups"},
    "aws:ec2/eip:Eip": {"DescribeAddresses", "DescribeAddressesAttribute"},
    "aws:ec2/flowLog:FlowLog": {"DescribeFlowLogs"},
    "aws:ec2/internetGateway:InternetGateway": {"DescribeInternetGateways"},
    "aws:ec2/natGateway:NatGateway": {"DescribeNatGateways"},
    "aws:ec2/route:Route": {"DescribeRouteTables"},
    "aws:ec2/routeTable:RouteTable": {"DescribeRouteTables"},
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {"DescribeRouteTables"},
    "aws:ec2/securityGroup:SecurityGroup": {"DescribeSecurityGroups"},
    "aws:ec2/subnet:Subnet": {"DescribeSubnets"},
    "aws:ec2/vpc:Vpc": {
        "DescribeNetworkAcls",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeVpcAttribute",
        "DescribeVpcs",
    },
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"DescribeNetworkInterfaces", "DescribePrefixLists", "DescribeVpcEndpoints"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {"DescribeSecurityGroupRules"},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"DescribeSecurityGroupRules"},
}
"""Requests to EC2 by the type that is read."""


@pytest.fixture
def networked(rendered: Renderings) -> Rendering:
    """A stack whose network has a resource of every type that a network can have."""
    return rendered("dev", {"network": {"cidr": "10.1.0.0/16", "privateAccess": "both"}})


def in_ec2(rendering: Rendering) -> Iterator[str]:
    """Types of EC2 that a program declares; a VPC endpoint and a rule are EC2's as well."""
    return (each.type for each in rendering.resources if each.type.startswith(("aws:ec2/", "aws:vpc/")))


def test_every_type_of_ec2_that_a_network_has_is_in_the_table(networked: Rendering) -> None:
    assert set(in_ec2(networked)) == set(READS)


@pytest.mark.parametrize("kind", READS)
def test_the_drift_role_may_read_as_the_provider_reads(kind: str, networked: Rendering) -> None:
    statements = roles_of(networked)["drift"].statements
    allowed = {action for statement in statements for action in statement.actions if statement.effect == "Allow"}
    assert {f"ec2:{request}" for request in READS[kind]} - allowed == set()


@pytest.mark.parametrize("kind", READS)
def test_the_deploy_role_may_read_as_the_provider_reads(kind: str) -> None:
    statements = granting_statements(Template(), "DeployRole")
    allowed = {action for statement in statements for action in statement.actions}
    assert {f"ec2:{request}" for request in READS[kind]} - allowed == set()
