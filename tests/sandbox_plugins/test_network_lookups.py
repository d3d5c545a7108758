"""Functions that look up networks answer as those of the official plugin."""

import json
from dataclasses import dataclass
from typing import Any, cast

import botocore.session
import pytest
from botocore.exceptions import ClientError

from bootstrap.stack import TEMPLATE
from sandbox.plugins.aws.ec2 import lookups
from tests.cloudformation import parse
from tests.sandbox_plugins.plugin import Plugin, ResourceState

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

    def describe_network_interfaces(self, **_: Any) -> dict[str, Any]:
        """Answer as EC2 does, of an interface of the account itself."""
        return {"NetworkInterfaces": [{"OwnerId": "111111111111"}]}


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


@pytest.fixture(scope="module")
def looking(environment: None) -> dict[str, str]:
    """Credentials of a role that may look at networks as the preview role may, and nothing else."""
    iam: Any = botocore.session.get_session().create_client("iam", region_name="eu-west-1")
    sts: Any = botocore.session.get_session().create_client("sts", region_name="eu-west-1")
    reading = parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]["StateReading"]["Properties"]["PolicyDocument"]
    look = [each for each in reading["Statement"] if each["Sid"] == "LookAtNetwork"]
    trust = [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "sts:AssumeRole"}]
    documents = [json.dumps({"Version": "2012-10-17", "Statement": statements}) for statements in (trust, look)]
    role = iam.create_role(RoleName="looking", AssumeRolePolicyDocument=documents[0])["Role"]["Arn"]
    iam.put_role_policy(RoleName="looking", PolicyName="look", PolicyDocument=documents[1])
    session = sts.assume_role(RoleArn=role, RoleSessionName="preview")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }


@pytest.fixture
def preview(looking: dict[str, str], unconfigured_aws: Plugin, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """The plugin, as it runs in a preview."""
    for name, value in looking.items():
        monkeypatch.setenv(name, value)
    unconfigured_aws.configure(region="eu-west-1")
    return unconfigured_aws


def test_the_preview_role_may_make_every_request_of_a_look_up(preview: Plugin, there: There) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "aws:ec2/getRouteTable:getRouteTable": {"subnetId": there.subnet},
        "aws:ec2/getSecurityGroups:getSecurityGroups": {"tags": {"Name": "looked-endpoints"}},
        "aws:ec2/getSubnet:getSubnet": {"id": there.subnet},
        "aws:ec2/getSubnets:getSubnets": {},
        "aws:ec2/getVpcEndpoint:getVpcEndpoint": {"vpcId": there.vpc, "serviceName": S3},
        "aws:ec2/getVpcEndpointService:getVpcEndpointService": {"serviceName": S3, "serviceType": "Interface"},
        "aws:index/getAvailabilityZones:getAvailabilityZones": {},
    }
    assert set(arguments) == set(lookups.FUNCTIONS)
    found = {token: preview.invoke(token, given) for token, given in arguments.items()}
    # The provider reads the addresses of the service behind an endpoint, whether a program wants them or not.
    assert found["aws:ec2/getVpcEndpoint:getVpcEndpoint"]["prefixListId"].startswith("pl-")
    with pytest.raises(Exception, match="not authorized to perform: ec2:DescribeVpcs"):
        preview.read("aws:ec2/vpc:Vpc", ResourceState(id=there.vpc, properties={}))


@dataclass
class Interfaces:
    """A cloud with one route, which leads to an interface: MiniStack keeps no such route."""

    attached_by: str | None
    """Account of the instance that the interface is attached to; None if one may not look at interfaces."""

    region = "eu-west-1"

    def client(self, service: str) -> Any:
        """Return the client of EC2."""
        assert service == "ec2"
        return self

    def describe_route_tables(self, **_: Any) -> Any:
        """Return the route's table."""
        route = {"DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "eni-1"}
        return {"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [route]}]}

    def describe_network_interfaces(self, **_: Any) -> Any:
        """Return the interface, or refuse to."""
        if self.attached_by is None:
            raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "DescribeNetworkInterfaces")
        attachment = {"InstanceOwnerId": self.attached_by}
        return {"NetworkInterfaces": [{"OwnerId": "111111111111", "Attachment": attachment}]}


@pytest.mark.parametrize(("attached_by", "shown"), [("111111111111", 1), ("amazon-rds", 0), (None, 1)])
def test_a_route_through_an_interface_is_shown_unless_it_is_seen_to_be_another_accounts(
    attached_by: str | None, shown: int
) -> None:
    cloud: Any = Interfaces(attached_by)
    routes = lookups.route_table(cloud, {"subnetId": "subnet-1"})["routes"]
    assert [each["networkInterfaceId"] for each in routes] == ["eni-1"] * shown
