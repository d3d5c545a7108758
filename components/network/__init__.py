"""The network that everything runs in: one of the platform's own, or an existing one."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi

from components.network.endpoints import NetworkEndpoints, NetworkEndpointsArgs
from components.network.flow_logs import FlowLogs, FlowLogsArgs
from components.network.placement import Placement, workload_security_group
from components.network.vpc import NetworkVpc, NetworkVpcArgs
from components.parameters import Values
from components.site import Site


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Shape of a network, and what is reached from it."""

    site: Site
    cidr: IPv4Network
    zones: Sequence[str]
    """Availability zones by name, in a stable order; at most eight."""
    nat: Literal["none", "single", "perZone"]
    """NAT gateways: none, one in the first zone for all, or one in each."""
    services: Sequence[str]
    """Services with an interface endpoint, as AWS names them after the region; `studio` for SageMaker Studio's."""
    logs_key_arn: pulumi.Input[str]
    """Key that encrypts the record of its traffic."""
    onboarding_role_arns: Sequence[str] = ()
    """Roles of other accounts that are taken on here, and let through to AWS."""


class Network(pulumi.ComponentResource):
    """A VPC with private ways to AWS and a record of its traffic."""

    placement: Placement
    """Where workloads run."""
    parameters: Values

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        vpc = NetworkVpc(name, NetworkVpcArgs(site=args.site, cidr=args.cidr, zones=args.zones, nat=args.nat), child)
        NetworkEndpoints(
            f"{name}-endpoints",
            NetworkEndpointsArgs(
                site=args.site,
                placement=vpc.placement,
                services=args.services,
                route_table_ids=vpc.route_table_ids,
                onboarding_role_arns=args.onboarding_role_arns,
            ),
            child,
        )
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(site=args.site, vpc_id=vpc.placement.vpc_id, kms_key_arn=args.logs_key_arn),
            child,
        )
        self.placement = vpc.placement
        self.parameters = vpc.placement.parameters
        self.register_outputs({"vpc_id": self.placement.vpc_id})


@dataclass(frozen=True, kw_only=True)
class ImportedNetworkArgs:
    """An existing network."""

    site: Site
    vpc_id: str
    subnet_ids: Sequence[str]
    """Private subnets in two zones at least."""
    security_group_id: str | None
    """Security group of everything that the platform runs; made when there is none."""


class ImportedNetwork(pulumi.ComponentResource):
    """A place in a network that somebody else looks after; its routes, endpoints and flow logs are theirs."""

    placement: Placement
    """Where workloads run."""
    parameters: Values

    def __init__(self, name: str, args: ImportedNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ImportedNetwork", name, None, opts)
        security_group_id = (
            pulumi.Output.from_input(args.security_group_id)
            if args.security_group_id
            else workload_security_group(name, site=args.site, vpc_id=args.vpc_id, parent=self).id
        )
        self.placement = Placement(
            site=args.site,
            vpc_id=pulumi.Output.from_input(args.vpc_id),
            subnet_ids=[pulumi.Output.from_input(subnet) for subnet in args.subnet_ids],
            security_group_id=security_group_id,
        )
        self.parameters = self.placement.parameters
        self.register_outputs({"vpc_id": args.vpc_id})
