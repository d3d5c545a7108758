"""Settings of the network: one of the platform's own, or an existing one."""

from ipaddress import IPv4Network
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo, field_validator

from settings.limits import MOST_SUBNETS
from settings.types import Number, Section, SecurityGroupId, SubnetId, VpcId, problem, without_repeats

DOCKER_BRIDGE = IPv4Network("172.17.0.0/16")
"""Docker's own network on every SageMaker instance: addresses in it cannot be reached from there."""

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""The ranges of RFC 1918, which AWS recommends. Python also calls link-local, loopback, reserved and test networks private.
Source: Amazon VPC User Guide, "VPC CIDR blocks"."""


class NewNetwork(Section):
    """A network of the platform's own."""

    zones: Annotated[Number, Field(ge=2, le=6)] = 2
    """Availability zones to spread over; two at least, so that the loss of one is survived."""
    nat: Literal["none", "single", "perZone"] = "single"
    """NAT gateways: none, one for all zones, or one in each."""
    connected_cidrs: list[IPv4Network] = Field(default_factory=list[IPv4Network])
    """Networks that this one is to be routed to: those of the other environments, of the office."""
    cidr: IPv4Network
    """Addresses of the network; a sixteenth of them for each subnet."""

    @field_validator("connected_cidrs")
    @classmethod
    def _connected_networks_are_apart(cls, networks: list[IPv4Network]) -> list[IPv4Network]:
        for position, network in enumerate(networks):
            for other in networks[:position]:
                if network.overlaps(other):
                    raise problem(f"{network} overlaps {other}; list networks that share no address")
        return networks

    @field_validator("cidr")
    @classmethod
    def _cidr_can_hold_the_platform(cls, cidr: IPv4Network, info: ValidationInfo) -> IPv4Network:
        if not any(cidr.subnet_of(network) for network in PRIVATE):
            raise problem(f"choose private addresses, within {', '.join(map(str, PRIVATE[:-1]))} or {PRIVATE[-1]}")
        if cidr.prefixlen < 16:
            raise problem("AWS accepts no network larger than /16; choose /16 to /20")
        if cidr.prefixlen > 20:
            raise problem(
                "too small: a subnet is a sixteenth of it and must hold endpoints, Studio apps and jobs; choose /16 to /20"
            )
        if cidr.overlaps(DOCKER_BRIDGE):
            raise problem(
                f"overlaps {DOCKER_BRIDGE}, which Docker uses on SageMaker's instances; choose other addresses"
            )
        connected: list[IPv4Network] = info.data.get("connected_cidrs", [])
        overlapping = [str(network) for network in connected if network.overlaps(cidr)]
        if overlapping:
            raise problem(f"overlaps {', '.join(overlapping)} of network.connectedCidrs; choose addresses of its own")
        return cidr


class ExistingNetwork(Section):
    """An existing network that its owner looks after: routes, endpoints and flow logs are theirs."""

    vpc_id: VpcId
    """The VPC."""
    subnet_ids: Annotated[list[SubnetId], Field(min_length=2, max_length=MOST_SUBNETS), AfterValidator(without_repeats)]
    """Its private subnets, in two availability zones at least; at most six, one in each zone."""
    security_group_id: SecurityGroupId | None = None
    """Security group of everything that the platform runs; made when it is not given."""


def _kind(value: object) -> str:
    return "existing" if isinstance(value, ExistingNetwork) or (isinstance(value, dict) and "vpcId" in value) else "new"


def _one_kind(value: object) -> object:
    """Refuse a network with settings of both kinds."""
    if isinstance(value, dict):
        new, existing = (
            {field.alias for field in kind.model_fields.values()} & set(cast("dict[str, object]", value))
            for kind in (NewNetwork, ExistingNetwork)
        )
        if new and existing:
            raise problem("give a new network (cidr) or an existing one (vpcId, subnetIds), not both")
    return value


Network = Annotated[
    Annotated[NewNetwork, Tag("new")] | Annotated[ExistingNetwork, Tag("existing")],
    Discriminator(_kind),
    BeforeValidator(_one_kind),
]
"""A network of either kind: one with a `vpcId` exists already."""
