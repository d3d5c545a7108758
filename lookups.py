"""Facts that the program looks up before it declares anything: in AWS, and among the template repositories."""

import tomllib
from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.network.endpoints import endpoint_service
from components.network.vpc import private_subnet_name
from components.network.zones import ZoneChoice, ZonesError
from settings import NewNetwork

TEMPLATES = Path(__file__).parent / "template-repos" / "templates.toml"


def template_kinds() -> list[str]:
    """Return the kinds of template repository, such as `model-training`."""
    return list(tomllib.loads(TEMPLATES.read_text(encoding="utf-8")))


def require_account(environment: Environment, provider: aws.Provider) -> None:
    """Check that the credentials belong to the environment's account.

    Raises:
        pulumi.RunError: they belong to another one, or to none; the provider's own reason is part of the message.
    """
    try:
        aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=provider))
    except Exception as refusal:
        raise pulumi.RunError(
            f"Stack {environment.prefix} lives in account {environment.account_id}; use credentials of it. {refusal}"
        ) from None


def availability_zones(
    network: NewNetwork, services: Sequence[str], environment: Environment, provider: aws.Provider
) -> dict[str, int]:
    """Return the zones of a network that has endpoints of `services`, each with its block of the network's addresses.

    Raises:
        pulumi.RunError: the region has not as many, or lacks an endpoint.
    """
    options = pulumi.InvokeOptions(provider=provider)
    zones = aws.get_availability_zones(
        state="available",
        # A Local Zone is available too once an account opts in, but has neither NAT gateways nor most endpoints.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=options,
    )
    choice = ZoneChoice(
        region=environment.region,
        zone_ids=dict(zip(zones.names, zones.zone_ids, strict=True)),
        standing=_private_subnets(network.cidr, environment, options),
        offers={service: _zones_offering(service, environment, options) for service in services},
    )
    try:
        return choice.zones(network.cidr, count=network.zones, named=network.zone_ids)
    except ZonesError as error:
        raise pulumi.RunError(str(error)) from None


def _private_subnets(
    cidr: IPv4Network, environment: Environment, options: pulumi.InvokeOptions
) -> dict[str, IPv4Network]:
    """Return the addresses of the private subnets that are deployed, by zone; while a network moves, those in `cidr`."""
    ids = aws.ec2.get_subnets(
        filters=[{"name": "tag:Name", "values": [private_subnet_name(environment, "*")]}],
        tags={"unit": environment.unit, "environment": environment.name},
        opts=options,
    ).ids
    found = [aws.ec2.get_subnet(id=each, opts=options) for each in ids]
    addresses = [(subnet.availability_zone, IPv4Network(subnet.cidr_block)) for subnet in found]
    return dict(sorted(addresses, key=lambda each: each[1].subnet_of(cidr)))


def _zones_offering(service: str, environment: Environment, options: pulumi.InvokeOptions) -> frozenset[str]:
    """Return the names of the zones in which AWS offers an interface endpoint of a service.

    Raises:
        pulumi.RunError: it does in none.
    """
    try:
        offered = aws.ec2.get_vpc_endpoint_service(
            service_name=endpoint_service(service, environment.region), service_type="Interface", opts=options
        )
    except Exception as refusal:
        raise pulumi.RunError(
            f"network: {environment.region} has no private endpoint of {service}, which this environment uses; {refusal}"
        ) from None
    return frozenset(offered.availability_zones)
