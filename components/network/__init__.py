"""The network of every workload: one of the platform's own, or an existing one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi

from components.environment import Environment
from components.network.endpoints import NetworkEndpoints, NetworkEndpointsArgs
from components.network.flow_logs import FlowLogs, FlowLogsArgs
from components.network.vpc import NetworkVpc, NetworkVpcArgs
from components.network.vpc_config import SecurityGroups, VpcConfig, security_groups
from components.parameters import Values


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Shape of a network, and the services that it reaches."""

    environment: Environment
    cidr: IPv4Network
    zones: Mapping[str, int]
    """Availability zones by name, each with the block of addresses of its subnets, below eight; in a stable order."""
    nat: Literal["none", "single", "perZone"]
    """NAT gateways: none, one in the first zone for all, or one in each."""
    public_subnets: bool
    """Whether there is an internet gateway and a public subnet in each zone, where NAT gateways stand."""
    services: Sequence[str]
    """Services with an interface endpoint, as AWS names them after the region; `studio` for SageMaker Studio's."""
    studio: bool
    """Whether Studio is in the network, whose apps are in another security group than jobs."""
    caller_cidrs: Sequence[IPv4Network] = ()
    """Addresses of connected networks whose callers reach these services."""
    signed_by_aws: Sequence[Literal["functions", "images"]] = ()
    """Things in the network that send requests to S3 which AWS signs with accounts of its own."""
    logs_key_arn: pulumi.Input[str]
    """Key that encrypts the record of its traffic."""


class Network(pulumi.ComponentResource):
    """A VPC with private endpoints of AWS services and a record of its traffic."""

    vpc_config: VpcConfig
    """Subnets, and the security group of jobs and models."""
    vpc_config_of_apps: VpcConfig
    """The same subnets, and the security group of Studio's apps and of functions."""
    parameters: Values

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        vpc = NetworkVpc(
            name,
            NetworkVpcArgs(
                environment=args.environment,
                cidr=args.cidr,
                zones=args.zones,
                nat=args.nat,
                public_subnets=args.public_subnets,
                studio=args.studio,
            ),
            child,
        )
        NetworkEndpoints(
            f"{name}-endpoints",
            NetworkEndpointsArgs(
                environment=args.environment,
                vpc_config=vpc.vpc_config,
                security_groups=vpc.security_groups,
                services=args.services,
                route_table_ids=vpc.route_table_ids,
                caller_cidrs=args.caller_cidrs,
                signed_by_aws=args.signed_by_aws,
                anybody_reads_s3=args.nat != "none",
            ),
            child,
        )
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(environment=args.environment, vpc_id=vpc.vpc_config.vpc_id, kms_key_arn=args.logs_key_arn),
            child,
        )
        self.vpc_config = vpc.vpc_config
        self.vpc_config_of_apps = self.vpc_config.behind(vpc.security_groups.workload)
        self.parameters = vpc.vpc_config.parameters
        self.register_outputs({"vpc_id": self.vpc_config.vpc_id})


@dataclass(frozen=True, kw_only=True)
class ImportedNetworkArgs:
    """An existing network."""

    environment: Environment
    vpc_id: str
    subnet_ids: Sequence[str]
    """Private subnets in two zones at least."""
    security_group_id: str | None
    """Security group of everything that the platform runs; made when there is none, and with Studio another one of jobs."""
    job_security_group_id: str | None
    """Security group of jobs, if they have another than everything else."""
    studio: bool
    """Whether Studio is in the network, whose apps are to be in another security group than jobs."""


class ImportedNetwork(pulumi.ComponentResource):
    """A part of an existing network, whose owner looks after routes, endpoints and flow logs."""

    vpc_config: VpcConfig
    """Subnets, and the security group of jobs and models."""
    vpc_config_of_apps: VpcConfig
    """The same subnets, and the security group of Studio's apps and of functions."""
    parameters: Values

    def __init__(self, name: str, args: ImportedNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ImportedNetwork", name, None, opts)
        given, of_jobs = args.security_group_id, args.job_security_group_id
        groups = (
            SecurityGroups(
                workload=pulumi.Output.from_input(given),
                jobs=pulumi.Output.from_input(of_jobs) if of_jobs else None,
            )
            if given
            else security_groups(
                name, environment=args.environment, vpc_id=args.vpc_id, studio=args.studio, parent=self
            )
        )
        self.vpc_config = VpcConfig(
            environment=args.environment,
            vpc_id=pulumi.Output.from_input(args.vpc_id),
            subnet_ids=[pulumi.Output.from_input(subnet) for subnet in args.subnet_ids],
            security_group_id=groups.of_jobs,
        )
        self.vpc_config_of_apps = self.vpc_config.behind(groups.workload)
        self.parameters = self.vpc_config.parameters
        self.register_outputs({"vpc_id": args.vpc_id})
