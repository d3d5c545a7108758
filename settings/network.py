"""Settings of the network: one of the platform's own, or an existing one."""

from ipaddress import IPv4Network
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo, field_validator

from settings.limits import MOST_SUBNETS
from settings.types import Number, Section, SecurityGroupId, SubnetId, VpcId, ZoneId, problem, without_repeats

DOCKER_BRIDGE = IPv4Network("172.17.0.0/16")
"""Docker's own network on every SageMaker instance: addresses in it cannot be reached from there."""

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""The ranges of RFC 1918, which AWS recommends. Python also calls link-local, loopback, reserved and test networks private.
Source: Amazon VPC User Guide, "VPC CIDR blocks"."""


class NewNetwork(Section):
    """A network of the platform's own."""

    zones: Annotated[Number, Field(ge=2, le=6)] = 2
    """Availability zones to spread over; two at least, so that the loss of one is survived. The platform chooses zones that
    offer what the network needs, and stays in those where the network is."""
    zone_ids: Annotated[list[ZoneId], Field(min_length=2, max_length=6), AfterValidator(without_repeats)] | None = None
    """These zones, instead of a choice of as many as `zones` says; by id, because a zone's name is another zone in another
    account. A zone that is left out loses its subnets, with everything that runs there."""
    private_access: Literal["none", "nat", "endpoints", "both"] | None = None
    """Ways out of the private subnets, beside the gateway endpoint of S3, which is free and always there. Prices are those of
    us-east-1, for a month that nobody uses; data costs extra.

    - `nat`: a NAT gateway to the internet, and so to GitHub, package indexes and every service of AWS. People can send data
      anywhere by HTTPS. 36.50 USD for each gateway (32.85, and 3.65 for its address).
    - `endpoints`: no route to the internet; endpoints of the services that the environment uses. They let only principals of its
      own account through, but those of Service Catalog and Studio, which let everybody; whose resources a principal reaches, its
      role decides. Names are still resolved, so data can leave in DNS queries: the remedy is Route 53 Resolver DNS Firewall,
      which is not part of the platform. Studio has no GitHub and no package index. 7.30 USD for each service and zone: eight
      services in development (116.80 in two zones), one where models are deployed (14.60).
    - `both`: AWS is reached through endpoints, everything else through NAT; data can leave. Costs the sum.
    - `none`: nothing but S3, which is what isolated jobs and models need. Costs nothing; not enough for Studio.

    Where models are deployed, `endpoints` and `both` let callers in `connectedCidrs` reach SageMaker's runtime, with credentials
    of this account. Its usual name leads to the endpoint in this VPC only: callers elsewhere use the endpoint's own DNS name, as
    `--endpoint-url` of the AWS CLI. Source: AWS PrivateLink Guide, "Access an AWS service using an interface VPC endpoint".

    Without it: `nat` in development, `none` elsewhere. With `nat` alone, as before this setting existed: `none` stands for
    endpoints only and anything else for both, with endpoints and functions where they were."""
    nat: Literal["none", "single", "perZone"] | None = None
    """NAT gateways, where there are any: one for all zones (`single`, unless given), or one in each (`perZone`)."""
    connected_cidrs: list[IPv4Network] = Field(default_factory=list[IPv4Network])
    """Networks that this one is to be routed to: those of the other environments, of the office. Where models are deployed and
    `privateAccess` is `endpoints` or `both`, their callers reach the endpoint of SageMaker's runtime."""
    cidr: IPv4Network
    """Addresses of the network; a sixteenth of them for each subnet."""

    @field_validator("nat")
    @classmethod
    def _gateways_have_a_use(cls, nat: str | None, info: ValidationInfo) -> str | None:
        access = info.data.get("private_access")
        if access in ("none", "endpoints") and nat is not None:
            raise problem(f"remove it: network.privateAccess is {access}, which has no NAT gateway")
        if access in ("nat", "both") and nat == "none":
            raise problem(f"network.privateAccess is {access}: choose single or perZone, or another access")
        return nat

    @property
    def from_before(self) -> bool:
        """True if the settings are of a time when `nat` alone decided, and the network keeps what it had then."""
        return self.private_access is None and self.nat is not None

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
