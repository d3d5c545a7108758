"""Functions that look up networks answer as those of the official plugin."""

from dataclasses import dataclass
from typing import Any, cast

import botocore.session
import pytest

from sandbox.plugins.aws.ec2 import lookups
from tests.sandbox_plugins.plugin import Plugin

S3 = "com.amazonaws.eu-west-1.s3"


@dataclass(frozen=True, kw_only=True)
class There:
    """A network: one subnet has a table of its own with an endpoint of S3, the other the main table."""

    vpc: str
    subnet: str
    other_subnet: str
    table: str
    group: str


@pytest.fixture(scope="module")
def there(environment: None) -> There:
    """A network in the account."""
    ec2: Any = botocore.session.get_session().create_client("ec2", region_name="eu-west-1")
    vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    tags = [{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": "looked-private-a"}]}]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.50.{block}.0/24", TagSpecifications=tags)["Subnet"]["SubnetId"]
        for block in (0, 1)
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=S3, RouteTableIds=[table])
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "looked-endpoints"}]}]
    group = ec2.create_security_group(GroupName="looked", Description="Looked", VpcId=vpc, TagSpecifications=tags)
    return There(vpc=vpc, subnet=subnets[0], other_subnet=subnets[1], table=table, group=group["GroupId"])


def test_subnets_and_groups_are_found_by_their_tags(aws: Plugin, there: There) -> None:
    by_name = {"filters": [{"name": "tag:Name", "values": ["looked-private-*"]}]}
    found = aws.invoke("aws:ec2/getSubnets:getSubnets", by_name)
    assert set(found["ids"]) == {there.subnet, there.other_subnet}
    assert aws.invoke("aws:ec2/getSubnets:getSubnets", {**by_name, "tags": {"unit": "other"}})["ids"] == []
    subnet = aws.invoke("aws:ec2/getSubnet:getSubnet", {"id": there.subnet})
    assert (subnet["availabilityZone"], subnet["cidrBlock"]) == ("eu-west-1a", "10.50.0.0/24")
    found = aws.invoke("aws:ec2/getSecurityGroups:getSecurityGroups", {"tags": {"Name": "looked-endpoints"}})
    assert (found["ids"], found["vpcIds"]) == ([there.group], [there.vpc])


def test_a_route_table_is_found_by_its_subnet_or_as_the_main_one(aws: Plugin, there: There) -> None:
    look_up = "aws:ec2/getRouteTable:getRouteTable"
    assert aws.invoke(look_up, {"subnetId": there.subnet})["routeTableId"] == there.table
    with pytest.raises(Exception, match="query returned no results"):
        aws.invoke(look_up, {"subnetId": there.other_subnet})
    main = {"vpcId": there.vpc, "filters": [{"name": "association.main", "values": ["true"]}]}
    assert aws.invoke(look_up, main)["routes"] == []


@dataclass(frozen=True, kw_only=True)
class AccountWithRoutes:
    """An account with one route table, which AWS describes with these routes. MiniStack propagates none."""

    routes: list[dict[str, str]]
    region: str = "eu-west-1"

    def client(self, _: str) -> "AccountWithRoutes":
        """Return the only service."""
        return self

    def describe_route_tables(self, **_: Any) -> dict[str, Any]:
        """Answer as EC2 does."""
        return {"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": self.routes}]}


def test_routes_are_shown_as_the_official_plugin_shows_them() -> None:
    everywhere = {"DestinationCidrBlock": "0.0.0.0/0", "Origin": "CreateRoute"}
    hidden = [
        {"DestinationCidrBlock": "10.50.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"},
        {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "Origin": "CreateRoute"},
        {**everywhere, "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation"},
    ]
    shown = [
        {**everywhere, "GatewayId": "vgw-1"},
        {**everywhere, "NetworkInterfaceId": "eni-1"},
        {**everywhere, "GatewayId": "vpce-2"},
    ]
    account: Any = AccountWithRoutes(routes=[*hidden, *shown])
    found = cast("list[dict[str, str]]", lookups.route_table(account, {"subnetId": "subnet-1"})["routes"])
    targets = ("gatewayId", "networkInterfaceId", "vpcEndpointId")
    assert [tuple(each[name] for name in targets) for each in found] == [
        ("vgw-1", "", ""),
        ("", "eni-1", ""),
        ("", "", "vpce-2"),
    ]


def test_an_endpoint_is_found_by_its_service_and_type(aws: Plugin, there: There) -> None:
    look_up = "aws:ec2/getVpcEndpoint:getVpcEndpoint"
    wanted = {"vpcId": there.vpc, "serviceName": S3, "state": "available"}
    kinds = [{"name": "vpc-endpoint-type", "values": [kind]} for kind in ("Gateway", "Interface")]
    assert aws.invoke(look_up, {**wanted, "filters": [kinds[0]]})["routeTableIds"] == [there.table]
    with pytest.raises(Exception, match="no matching EC2 VPC Endpoint found"):
        aws.invoke(look_up, {**wanted, "filters": [kinds[1]]})


def test_several_endpoints_of_a_service_are_refused_as_the_official_plugin_does(aws: Plugin, there: There) -> None:
    ec2: Any = botocore.session.get_session().create_client("ec2", region_name="eu-west-1")
    service = "com.amazonaws.eu-west-1.ssm"
    subnets = {"SubnetIds": [there.subnet], "SecurityGroupIds": [there.group]}
    for private in (True, False):
        ec2.create_vpc_endpoint(
            VpcId=there.vpc, ServiceName=service, VpcEndpointType="Interface", PrivateDnsEnabled=private, **subnets
        )
    with pytest.raises(Exception, match="multiple EC2 VPC Endpoints matched; use additional constraints"):
        aws.invoke("aws:ec2/getVpcEndpoint:getVpcEndpoint", {"vpcId": there.vpc, "serviceName": service})


def test_an_endpoint_service_is_found_with_its_zones_or_refused(aws: Plugin) -> None:
    look_up = "aws:ec2/getVpcEndpointService:getVpcEndpointService"
    found = aws.invoke(look_up, {"serviceName": S3, "serviceType": "Interface"})
    assert found["availabilityZones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    with pytest.raises(Exception, match="does not exist"):
        aws.invoke(look_up, {"serviceName": f"{S3}3", "serviceType": "Interface"})
    with pytest.raises(Exception, match="service: the sandbox does not implement this argument"):
        aws.invoke(look_up, {"service": "s3"})
