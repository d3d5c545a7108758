"""A VPC of the platform's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.network.vpc_config import SecurityGroups, VpcConfig, security_groups

NETWORK_BITS = 4
BLOCKS_PER_NETWORK = 2**NETWORK_BITS
"""Each subnet is a sixteenth of the network, so that another zone never renumbers those that exist."""


def network_of(subnet: IPv4Network) -> IPv4Network:
    """Return the addresses of the network that a subnet is a part of."""
    return subnet.supernet(prefixlen_diff=NETWORK_BITS)


def private_subnet_name(environment: Environment, zone: str) -> str:
    """Return the name of a private subnet; by it a deployed network is found again."""
    return f"{environment.prefix}-private-{zone}"


def _public_subnet_name(environment: Environment, zone: str) -> str:
    return f"{environment.prefix}-public-{zone}"


@dataclass(frozen=True, kw_only=True)
class NetworkVpcArgs:
    """Shape of a network."""

    environment: Environment
    cidr: IPv4Network
    zones: Mapping[str, int]
    """Availability zones by name, each with the block of addresses of its subnets, below eight; in a stable order."""
    nat: Literal["none", "single", "perZone"]
    """NAT gateways: none, one in the first zone for all, or one in each."""
    public_subnets: bool
    """Whether there is an internet gateway and a public subnet in each zone, where NAT gateways stand."""
    studio: bool
    """Whether Studio is in the network."""


class NetworkVpc(pulumi.ComponentResource):
    """A VPC with a private subnet in each zone, for workloads, and a public one where NAT gateways need it."""

    vpc_config: VpcConfig
    """Subnets and security group of jobs and models."""
    security_groups: SecurityGroups
    route_table_ids: Mapping[str, pulumi.Output[str]]
    """Every route table, by its purpose."""

    def __init__(self, name: str, args: NetworkVpcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:NetworkVpc", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": args.environment.prefix},
            opts=self._child,
        )
        # Without an explicit rule set, AWS lets members of the default group reach each other and the internet.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-security-group", vpc_id=self._vpc.id, ingress=[], egress=[], opts=self._child
        )
        private = self._subnets("private", 0)
        route_tables: dict[str, pulumi.Output[str]] = {}
        nat_gateways: dict[str, aws.ec2.NatGateway] = {}
        if args.public_subnets:
            public_table = self._route_table("public")
            route_tables["public"] = public_table.id
            nat_gateways = self._public_part(public_table)
        for zone in args.zones:
            table = self._route_table(f"private-{zone}")
            route_tables[f"private-{zone}"] = table.id
            self._associate(f"private-{zone}", private[zone], table)
            gateway = nat_gateways.get(zone) or nat_gateways.get(next(iter(args.zones)))
            if gateway:
                aws.ec2.Route(
                    f"{name}-private-{zone}-to-internet",
                    route_table_id=table.id,
                    destination_cidr_block="0.0.0.0/0",
                    nat_gateway_id=gateway.id,
                    opts=self._child,
                )
        self.security_groups = security_groups(
            name, environment=args.environment, vpc_id=self._vpc.id, studio=args.studio, parent=self
        )
        self.route_table_ids = route_tables
        self.vpc_config = VpcConfig(
            environment=args.environment,
            vpc_id=self._vpc.id,
            subnet_ids=[subnet.id for subnet in private.values()],
            security_group_id=self.security_groups.of_jobs,
        )
        self.register_outputs({"vpc_id": self._vpc.id})

    def _public_part(self, table: aws.ec2.RouteTable) -> dict[str, aws.ec2.NatGateway]:
        """Declare the subnets that reach the internet by `table`, and return the NAT gateways in them, by zone."""
        # Their addresses are theirs whether they are there or not, so that NAT gateways can be had later.
        subnets = self._subnets("public", BLOCKS_PER_NETWORK // 2)
        internet_gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet-gateway",
            vpc_id=self._vpc.id,
            tags={"Name": self._args.environment.prefix},
            opts=self._child,
        )
        route = aws.ec2.Route(
            f"{self._name}-public-to-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet_gateway.id,
            opts=self._child,
        )
        for zone, subnet in subnets.items():
            self._associate(f"public-{zone}", subnet, table)
        return self._nat_gateways(subnets, route)

    def _subnets(self, kind: str, first_block: int) -> dict[str, aws.ec2.Subnet]:
        name = private_subnet_name if kind == "private" else _public_subnet_name
        blocks = list(self._args.cidr.subnets(prefixlen_diff=NETWORK_BITS))
        return {
            zone: aws.ec2.Subnet(
                f"{self._name}-{kind}-{zone}",
                vpc_id=self._vpc.id,
                availability_zone=zone,
                cidr_block=str(blocks[first_block + block]),
                map_public_ip_on_launch=False,
                tags={"Name": name(self._args.environment, zone)},
                opts=self._child,
            )
            for zone, block in self._args.zones.items()
        }

    def _route_table(self, purpose: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self._name}-{purpose}",
            vpc_id=self._vpc.id,
            tags={"Name": f"{self._args.environment.prefix}-{purpose}"},
            opts=self._child,
        )

    def _associate(self, purpose: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable) -> None:
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{purpose}", subnet_id=subnet.id, route_table_id=table.id, opts=self._child
        )

    def _nat_gateways(
        self, public: Mapping[str, aws.ec2.Subnet], public_route: aws.ec2.Route
    ) -> dict[str, aws.ec2.NatGateway]:
        count = {"none": 0, "single": 1, "perZone": len(self._args.zones)}[self._args.nat]
        gateways: dict[str, aws.ec2.NatGateway] = {}
        for zone in list(self._args.zones)[:count]:
            tags = {"Name": f"{self._args.environment.prefix}-nat-{zone}"}
            address = aws.ec2.Eip(f"{self._name}-nat-{zone}", domain="vpc", tags=tags, opts=self._child)
            gateways[zone] = aws.ec2.NatGateway(
                f"{self._name}-nat-{zone}",
                allocation_id=address.allocation_id,
                subnet_id=public[zone].id,
                tags=tags,
                # A NAT gateway whose subnet does not reach the internet yet fails to become available.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[public_route]),
            )
        return gateways
