"""A network of the local AWS, built step by step."""

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox_aws.account import Account, allow, trust

EVERYWHERE = "0.0.0.0/0"


@dataclass
class Network:
    """A VPC with a public and a private subnet; only the public one has a way to the internet, by its gateway."""

    ec2: Any
    region: str
    vpc: str = ""
    internet_gateway: str = ""
    public: str = ""
    private: str = ""
    table: str = ""
    """Route table of the private subnet."""
    association: str = ""
    """Its association with the private subnet."""
    group: str = ""
    """Security group of everything that runs there: its members reach each other, and HTTPS everywhere."""
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    """Addresses of NAT gateways, by gateway."""

    def add_subnet(self, block: int, zone: str) -> str:
        """Create a subnet and return its id."""
        answer = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.30.{block}.0/24", AvailabilityZone=zone)
        return answer["Subnet"]["SubnetId"]

    def add_table(self, subnet: str) -> tuple[str, str]:
        """Create a route table for a subnet; return its id and that of the association."""
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        return table, self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]

    def add_nat_gateway(self) -> str:
        """Put a NAT gateway into the public subnet, and let the private one use it."""
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        answer = self.ec2.create_nat_gateway(SubnetId=self.public, AllocationId=address)
        gateway = answer["NatGateway"]["NatGatewayId"]
        self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock=EVERYWHERE, NatGatewayId=gateway)
        self.addresses[gateway] = address
        return gateway

    def remove_nat_gateway(self, gateway: str) -> None:
        """Delete a NAT gateway, its address and the route to it."""
        self.ec2.delete_route(RouteTableId=self.table, DestinationCidrBlock=EVERYWHERE)
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        self.ec2.release_address(AllocationId=self.addresses.pop(gateway))

    def add_s3_endpoint(self) -> str:
        """Let the private subnet reach S3 by a gateway endpoint."""
        answer = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=f"com.amazonaws.{self.region}.s3", RouteTableIds=[self.table]
        )
        return answer["VpcEndpoint"]["VpcEndpointId"]

    def add_interface_endpoint(self, service: str, **changes: Any) -> str:
        """Put an interface endpoint of a service into the private subnet."""
        request = {
            "VpcId": self.vpc,
            "VpcEndpointType": "Interface",
            "ServiceName": f"com.amazonaws.{self.region}.{service}",
            "SubnetIds": [self.private],
            "SecurityGroupIds": [self.group],
            "PrivateDnsEnabled": True,
        }
        return self.ec2.create_vpc_endpoint(**{**request, **changes})["VpcEndpoint"]["VpcEndpointId"]

    def remove_endpoint(self, identifier: str) -> None:
        """Delete an endpoint."""
        self.ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])


def network(account: Account, region: str = "eu-west-1") -> Network:
    """Build a network in the account."""
    ec2 = account.client("ec2")
    built = Network(ec2, region)
    built.vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    built.internet_gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=built.internet_gateway, VpcId=built.vpc)
    built.public, built.private = built.add_subnet(0, f"{region}a"), built.add_subnet(1, f"{region}a")
    public_table, _ = built.add_table(built.public)
    ec2.create_route(RouteTableId=public_table, DestinationCidrBlock=EVERYWHERE, GatewayId=built.internet_gateway)
    built.table, built.association = built.add_table(built.private)
    answer = ec2.create_security_group(GroupName="members", Description="Members", VpcId=built.vpc)
    built.group = answer["GroupId"]
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": built.group}]}]
    ec2.authorize_security_group_ingress(GroupId=built.group, IpPermissions=itself)
    return built


def function_in(network: Network, account: Account, name: str, code: str = "") -> None:
    """Create a function of `code` in the private subnet of a network; its role may do everything."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("handler.py", code)
    account.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="handler.handler",
        Role=account.role(name, allow("*"), trust=trust("lambda.amazonaws.com")),
        Code={"ZipFile": archive.getvalue()},
        VpcConfig={"SubnetIds": [network.private], "SecurityGroupIds": [network.group]},
        Timeout=30,
    )
