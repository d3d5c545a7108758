"""Facts that the program looks up before it declares anything, and refusals that follow from them: AWS, templates."""

import tomllib
from collections.abc import Callable, Sequence, Set
from ipaddress import IPv4Network
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.network.endpoints import endpoint_service, endpoints_group_name
from components.network.vpc import network_of, private_subnet_name
from components.network.zones import ZoneChoice, ZonesError
from settings import ExistingNetwork, NewNetwork, Settings
from settings.ways_out import WaysOut

TEMPLATES = Path(__file__).parent / "template-repos" / "templates.toml"


def template_checks() -> dict[str, str]:
    """Return the kinds of template repository, such as `model-training`, each with the job that checks a change to it."""
    templates = tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))
    return {kind: template["check"] for kind, template in templates.items()}


def require_account(environment: Environment, provider: aws.Provider) -> None:
    """Check that the credentials belong to the environment's account.

    Raises:
        pulumi.RunError: they belong to another one, or to none; the provider's own reason is part of the one line.
    """
    try:
        aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=provider))
    except Exception as refusal:
        reason = " ".join(str(refusal).rpartition("returned an error: ")[2].split())
        raise pulumi.RunError(
            f"Use credentials of account {environment.account_id}, where {environment.prefix} lives: {reason}"
        ) from None


def network_zones(settings: Settings, provider: aws.Provider) -> dict[str, int]:
    """Check that the settings of the network can be fulfilled, and return its availability zones; none for an existing network.

    Each zone's name comes with the number of its block of the network's addresses.

    Raises:
        pulumi.RunError: they cannot; the message says what to change.
    """
    network, environment = settings.network, settings.environment
    if isinstance(network, ExistingNetwork):
        if settings.development and network.security_group_id and not network.job_security_group_id:
            pulumi.log.warn(
                f"network.securityGroupId: {network.security_group_id} is the group of Studio's apps and of jobs, too. If it admits "
                "its own members, whoever runs a job reaches the apps of other people, leads among them: name another group for "
                "jobs by network.jobSecurityGroupId, and let this one admit nothing"
            )
        if (settings.development or settings.workload) and not network.reaches_aws:
            require_ways_out(network, settings.indispensable_services, environment, provider)
        return {}
    require_chosen_access(network, environment, provider)
    studio = settings.development is not None
    return availability_zones(network, settings.ways_out, environment, provider, studio=studio)


def availability_zones(
    network: NewNetwork, ways_out: WaysOut, environment: Environment, provider: aws.Provider, *, studio: bool
) -> dict[str, int]:
    """Return the zones of a network with these ways out, each with the number of its block of the network's addresses.

    Raises:
        pulumi.RunError: the region has too few zones, or one of them lacks an endpoint or NAT gateways, or the deployed network is
            to lose its addresses, or a zone with Studio in it.
    """
    options = pulumi.InvokeOptions(provider=provider)
    subnets = _private_subnets(environment, options)
    _require_same_addresses(network.cidr, [addresses for _, addresses in subnets])
    available = aws.get_availability_zones(
        state="available",
        # A Local Zone is available too once an account opts in, but has neither NAT gateways nor most endpoints.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=options,
    )
    choice = ZoneChoice(
        region=environment.region,
        nat=ways_out.nat,
        zone_ids=dict(zip(available.names, available.zone_ids, strict=True)),
        standing=dict(subnets),
        offers={service: _zones_offering(service, environment, options) for service in ways_out.endpoints},
    )
    try:
        zones = choice.zones(network.cidr, count=network.zones, named=network.zone_ids)
    except ZonesError as error:
        raise pulumi.RunError(str(error)) from None
    left_out = sorted(choice.standing.keys() - zones.keys())
    if studio and left_out:
        raise pulumi.RunError(
            f"network: {', '.join(left_out)} cannot be left out, because Studio keeps the subnets that it was created in: "
            f"write network.zones: {len(choice.standing)}, and name no other zones in network.zoneIds"
        )
    return zones


def _private_subnets(environment: Environment, options: pulumi.InvokeOptions) -> list[tuple[str, IPv4Network]]:
    """Return the zone and the addresses of each private subnet that is deployed."""
    ids = aws.ec2.get_subnets(
        filters=[{"name": "tag:Name", "values": [private_subnet_name(environment, "*")]}],
        tags={"unit": environment.unit, "environment": environment.name},
        opts=options,
    ).ids
    found = [aws.ec2.get_subnet(id=each, opts=options) for each in ids]
    return [
        (subnet.availability_zone, IPv4Network(subnet.cidr_block))
        for subnet in found
        # Tags can be copied: a subnet of the platform's has its own zone in its name.
        if subnet.tags.get("Name") == private_subnet_name(environment, subnet.availability_zone)
    ]


def _require_same_addresses(cidr: IPv4Network, standing: Sequence[IPv4Network]) -> None:
    """Check that a deployed network keeps its addresses.

    Others need another network, and half of the way there AWS refuses: the old one's NAT gateway holds the address that the
    new one is to have, and functions, endpoints and the file system of Studio hold the old one's subnets.

    Raises:
        pulumi.RunError: it has others.
    """
    others = sorted({network_of(subnet) for subnet in standing} - {cidr})
    if others:
        raise pulumi.RunError(
            f"network.cidr: the deployed network has {others[0]}, and cannot move to {cidr} while it is in use: write "
            f"{others[0]} again, or destroy the environment first (`pulumi destroy`) and deploy it anew"
        )


def _zones_offering(service: str, environment: Environment, options: pulumi.InvokeOptions) -> frozenset[str]:
    """Return the names of the zones in which AWS offers an interface endpoint of a service.

    Raises:
        pulumi.RunError: AWS offers it in no zone.
    """
    try:
        offered = aws.ec2.get_vpc_endpoint_service(
            service_name=endpoint_service(service, environment.region), service_type="Interface", opts=options
        )
    except Exception as refusal:
        raise pulumi.RunError(
            f"network: {environment.region} has no private endpoint of {service}, which this environment uses; write "
            f"network.privateAccess: nat, or choose another region. {refusal}"
        ) from None
    return frozenset(offered.availability_zones)


def require_chosen_access(network: NewNetwork, environment: Environment, provider: aws.Provider) -> None:
    """Check that settings say what becomes of the interface endpoints that a network has: the default would delete them.

    Raises:
        pulumi.RunError: the network has endpoints, and its settings do not say whether to keep them.
    """
    if network.from_before:
        pulumi.log.warn(
            f"network.nat: {network.nat} alone keeps every endpoint that networks had before network.privateAccess, used or not; "
            "settings/network.py says what each answer costs"
        )
    if network.private_access is not None or network.nat is not None:
        return
    endpoints = aws.ec2.get_security_groups(
        filters=[{"name": "tag:Name", "values": [endpoints_group_name(environment)]}],
        tags={"unit": environment.unit, "environment": environment.name},
        opts=pulumi.InvokeOptions(provider=provider),
    )
    if endpoints.ids:
        raise pulumi.RunError(
            "network.privateAccess is not set, and this network has interface endpoints, which the default would delete: "
            "write network.nat: single to keep all that it has, or choose network.privateAccess"
        )


def require_ways_out(
    network: ExistingNetwork, services: Sequence[str], environment: Environment, provider: aws.Provider
) -> None:
    """Check that the subnets of an existing network lead to S3 and to `services`, by NAT or by endpoints.

    Raises:
        pulumi.RunError: one does not.
    """
    options = pulumi.InvokeOptions(provider=provider)
    tables = {subnet: _route_table(subnet, network.vpc_id, options) for subnet in network.subnet_ids}
    inside = {subnet: table for subnet, table in tables.items() if not _leads_out(table)}
    if not inside:
        return
    missing = [each for each in services if not _by_interface(each, network.vpc_id, environment, options)]
    gateways = {table.route_table_id for table in inside.values()}
    if not _by_gateway(gateways, network.vpc_id, environment, options) and not _by_interface(
        "s3", network.vpc_id, environment, options
    ):
        missing.append("s3")
    if missing:
        raise pulumi.RunError(
            f"network.subnetIds: {', '.join(inside)} of {network.vpc_id} have no way to {', '.join(sorted(missing))}; let their "
            "owner add a route to a NAT gateway, or endpoints with private DNS names (for s3 a gateway endpoint in their route "
            "tables), or choose other subnets; where a VPN or Direct Connect propagates a default route, which cannot be looked up, "
            "write network.reachesAws: true"
        )


def _route_table(subnet: str, vpc_id: str, options: pulumi.InvokeOptions) -> aws.ec2.GetRouteTableResult:
    """Return the table that a subnet is associated with, else the main one of its network."""
    try:
        return aws.ec2.get_route_table(subnet_id=subnet, opts=options)
    except Exception as refusal:
        if not _is_missing(refusal):
            raise
    main = [{"name": "association.main", "values": ["true"]}]
    return aws.ec2.get_route_table(vpc_id=vpc_id, filters=main, opts=options)


def _leads_out(table: aws.ec2.GetRouteTableResult) -> bool:
    """Return whether a table has a default route that serves private addresses: an internet gateway does not."""
    return any(route.cidr_block == "0.0.0.0/0" and not route.gateway_id.startswith("igw-") for route in table.routes)


def _by_gateway(tables: Set[str], vpc_id: str, environment: Environment, options: pulumi.InvokeOptions) -> bool:
    """Return whether route tables lead to S3 by a gateway endpoint."""
    return _endpoint(
        "s3",
        "Gateway",
        lambda found: tables <= set(found.route_table_ids),
        vpc_id,
        environment=environment,
        options=options,
    )


def _by_interface(service: str, vpc_id: str, environment: Environment, options: pulumi.InvokeOptions) -> bool:
    """Return whether the usual name of a service leads to an interface endpoint in a network.

    Private names of S3 may be for Route 53 Resolver's inbound endpoints alone, which nothing in the network asks.
    """

    def serves(found: aws.ec2.GetVpcEndpointResult) -> bool:
        elsewhere = any(each.private_dns_only_for_inbound_resolver_endpoint for each in found.dns_options)
        return found.private_dns_enabled and not elsewhere

    return _endpoint(service, "Interface", serves, vpc_id, environment=environment, options=options)


def _endpoint(
    service: str,
    kind: str,
    serves: Callable[[aws.ec2.GetVpcEndpointResult], bool],
    vpc_id: str,
    *,
    environment: Environment,
    options: pulumi.InvokeOptions,
) -> bool:
    """Return whether a network has an endpoint that `serves`. Several are trusted to: the provider shows none of them then."""
    try:
        found = aws.ec2.get_vpc_endpoint(
            vpc_id=vpc_id,
            service_name=endpoint_service(service, environment.region),
            state="available",
            filters=[{"name": "vpc-endpoint-type", "values": [kind]}],
            opts=options,
        )
    except Exception as refusal:
        if _is_missing(refusal):
            return False
        # No code: the provider's own words.
        if "multiple EC2 VPC Endpoints matched" not in str(refusal):
            raise
        pulumi.log.warn(
            f"network.vpcId: {vpc_id} has several {kind.lower()} endpoints of {service}; that one of them serves "
            "network.subnetIds is not checked"
        )
        return True
    return serves(found)


def _is_missing(refusal: Exception) -> bool:
    """Return whether the provider found nothing: its own words, for there is no code."""
    return "no matching" in str(refusal) or "query returned no results" in str(refusal).lower()
