"""Private endpoints of AWS services in a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi
import pulumi_aws as aws

from components import iam
from components.environment import Environment
from components.network.vpc_config import SecurityGroups, VpcConfig

WITHOUT_POLICY = ("servicecatalog", "studio")
"""Services whose endpoints let everybody through. Of Service Catalog's, no page says that it accepts a policy. Studio's does, for
the requests `CreateApp` and `CreatePresignedDomainUrl`; whether the traffic of apps that run, which carries a session instead of
a principal, meets a condition on the account, is not documented, and apps that it stops are worse than a policy that is missing.
Source: SageMaker Developer Guide, "Create a VPC Endpoint Policy for SageMaker Studio"."""


def endpoint_service(service: str, region: str) -> str:
    """Return the name of the service that an interface endpoint leads to; `studio` stands for SageMaker Studio's."""
    return f"aws.sagemaker.{region}.studio" if service == "studio" else f"com.amazonaws.{region}.{service}"


def endpoints_group_name(environment: Environment) -> str:
    """Return the name of the security group of interface endpoints; by it a network that has some is recognised."""
    return f"{environment.prefix}-endpoints"


@dataclass(frozen=True, kw_only=True)
class NetworkEndpointsArgs:
    """The services that a network reaches privately."""

    environment: Environment
    vpc_config: VpcConfig
    security_groups: SecurityGroups
    """Groups of what the platform runs, all of which reaches the services."""
    services: Sequence[str]
    """Services with an interface endpoint, as AWS names them after the region; `studio` for SageMaker Studio's."""
    route_table_ids: Mapping[str, pulumi.Input[str]]
    """Every route table of the network: traffic to S3 takes the gateway endpoint from all of them."""
    caller_cidrs: Sequence[IPv4Network]
    """Addresses of connected networks, whose callers reach these services by HTTPS as well as the workload does."""
    signed_by_aws: Sequence[Literal["functions", "images"]]
    """Requests to S3 that AWS signs with accounts of its own: the answers of `functions` to CloudFormation, and those for the
    layers of `images` that something in the network pulls itself."""
    anybody_reads_s3: bool
    """Whether requests that only read from S3 pass whoever signs them: where there are NAT gateways, which let data out anyway."""


class NetworkEndpoints(pulumi.ComponentResource):
    """The gateway endpoint of S3 in every route table, and interface endpoints of services in every private subnet."""

    def __init__(self, name: str, args: NetworkEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:NetworkEndpoints", name, None, opts)
        environment, vpc_config = args.environment, args.vpc_config
        child = pulumi.ResourceOptions(parent=self)
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc_config.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{environment.region}.s3",
            route_table_ids=list(args.route_table_ids.values()),
            policy=_s3_policy(environment, args),
            tags={"Name": f"{environment.prefix}-s3"},
            opts=child,
        )
        if args.services:
            self._interface_endpoints(name, args, child)
        self.register_outputs({})

    @staticmethod
    def _interface_endpoints(name: str, args: NetworkEndpointsArgs, child: pulumi.ResourceOptions) -> None:
        environment, vpc_config = args.environment, args.vpc_config
        security_group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            description="Interface endpoints",
            vpc_id=vpc_config.vpc_id,
            tags={"Name": endpoints_group_name(environment)},
            opts=child,
        )
        groups = {"workload": args.security_groups.workload, "jobs": args.security_groups.jobs}
        for purpose, group in groups.items():
            if group is None:
                continue
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-{purpose}",
                description="HTTPS from everything that the platform runs",
                security_group_id=security_group.id,
                referenced_security_group_id=group,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                opts=child,
            )
        for cidr in args.caller_cidrs:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-{cidr}",
                description="HTTPS from a connected network",
                security_group_id=security_group.id,
                cidr_ipv4=str(cidr),
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                opts=child,
            )
        for service in sorted(args.services):
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=vpc_config.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=endpoint_service(service, environment.region),
                subnet_ids=list(vpc_config.subnet_ids),
                security_group_ids=[security_group.id],
                # Without private DNS the SDKs keep resolving the public name, and the endpoint is paid for and unused.
                private_dns_enabled=True,
                policy=None if service in WITHOUT_POLICY else iam.document(_own_principals(environment)),
                tags={"Name": f"{environment.prefix}-{service}"},
                opts=child,
            )


def _own_principals(environment: Environment) -> iam.Statement:
    """Let this account's principals through, so that nobody takes data out with credentials of another account.

    Whose resources they reach is not limited here, but by the policies of their roles.
    """
    return iam.pass_endpoint("OwnPrincipals", when={"StringEquals": {"aws:PrincipalAccount": environment.account_id}})


def _s3_policy(environment: Environment, args: NetworkEndpointsArgs) -> pulumi.Output[str]:
    region = environment.region
    statements = [_own_principals(environment)]
    if args.anybody_reads_s3:
        # Every request to S3 in the region takes this endpoint: also those without a signature, for public data, and those by
        # an address that somebody else signed, as of a file in Git LFS. Neither has this account as its principal's.
        objects, buckets = "arn:aws:s3:::*/*", "arn:aws:s3:::*"
        statements.append(iam.allow("ReadObjectsAsAnybody", "s3:GetObject", on=objects, to="*"))
        statements.append(iam.allow("ListBucketsAsAnybody", "s3:ListBucket", on=buckets, to="*"))
    if "images" in args.signed_by_aws:
        # Source: ECR User Guide, "Interface VPC endpoints".
        layers = f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*"
        statements.append(iam.allow("ImageLayers", "s3:GetObject", on=layers, to="*"))
    if "functions" in args.signed_by_aws:
        # Source: CloudFormation User Guide, "VPC endpoints".
        answers = [
            f"arn:aws:s3:::cloudformation-custom-resource-response-{name}/*"
            for name in (region, region.replace("-", ""))
        ]
        statements.append(iam.allow("CustomResourceResponses", "s3:PutObject", on=answers, to="*"))
    return iam.document(*statements)
