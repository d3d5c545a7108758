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
    """A network that the platform creates."""

    zones: Annotated[Number, Field(ge=2, le=6)] = 2
    """Number of availability zones; at least two, so that the network survives the loss of one. The platform chooses zones that
    offer what the network needs, and later keeps to the zones where the network is."""
    zone_ids: Annotated[list[ZoneId], Field(min_length=2, max_length=6), AfterValidator(without_repeats)] | None = None
    """Ids of the zones to use, such as `euw1-az1`, instead of a choice of `zones` many. (The name of a zone means another zone in
    each account.) Removing an id from the list deletes the zone's subnets, and everything that runs in them; where Studio is, it
    is refused."""
    private_access: Literal["none", "nat", "endpoints", "both"] | None = None
    """The way by which the private subnets reach AWS and the internet. S3 is always reached through its gateway endpoint, which is free. Prices
    are for a month without traffic, which is charged extra; `make cost` computes those of your settings.

    - `nat`: a NAT gateway to the internet, and so to GitHub, package indexes and every service of AWS. People can send data
      anywhere by HTTPS. S3 in the region of the network is reached by the gateway endpoint here, too: everybody may read through
      it (public data without a signature, and addresses that somebody else signed, such as those of Git LFS in us-east-1), only
      principals of this account may write. Each gateway, with its address, costs 38.69 USD in eu-west-1 and 36.50 USD in us-east-1.
    - `endpoints`: no route to the internet. Interface endpoints lead to the AWS services that the environment uses: eight in
      development, one where models are deployed. They admit only principals of this account, except those of Service Catalog and
      Studio, which admit all; a principal's role decides which resources it reaches. Studio has no GitHub and no package index.
      DNS names are still resolved, so data can leave in DNS queries: Route 53 Resolver DNS Firewall, which is not part of the
      platform, prevents it. Each service costs, in each zone, 8.03 USD in eu-west-1 and 7.30 USD in us-east-1.
    - `both`: endpoints to AWS, and a NAT gateway to everything else, so people can send data anywhere; S3 as with `nat`. Costs the sum.
    - `none`: S3 only, by principals of this account. That suffices for jobs and models, which run isolated from the network, but
      not for Studio. Costs nothing.

    Where models are deployed, `endpoints` and `both` also let callers in `connectedCidrs` invoke them, with credentials of this
    account. Only inside of this network does SageMaker's usual name lead to the endpoint: callers elsewhere use the endpoint's own
    DNS name, as `--endpoint-url` of the AWS CLI. Source: AWS PrivateLink Guide, "Access an AWS service using an interface VPC
    endpoint".

    Not set: `nat` in development, `none` elsewhere. If only `nat` below is set, as in settings from before this one existed, the
    network stays as it was then: `nat: none` means `endpoints`, any other value means `both`."""
    nat: Literal["none", "single", "perZone"] | None = None
    """Number of NAT gateways, if `privateAccess` is `nat` or `both`: `single` is one for all zones, which saves money; with `perZone`
    each zone has its own, and the loss of one zone does not cut off the others. Not set: `single`. `none` occurs only in settings
    without `privateAccess`."""
    connected_cidrs: list[IPv4Network] = Field(default_factory=list[IPv4Network])
    """Address ranges of networks that you will connect to this one, such as the office's; the platform creates no connection.
    They may not overlap with `cidr`. `privateAccess` decides whether callers in them reach deployed models."""
    cidr: IPv4Network
    """Address range of the network, /16 to /20. Each subnet gets a sixteenth of it. It cannot be changed while the network is
    deployed."""

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
    """A network that exists already. Its owner looks after its routes, endpoints and flow logs."""

    vpc_id: VpcId
    """Id of the VPC."""
    subnet_ids: Annotated[list[SubnetId], Field(min_length=2, max_length=MOST_SUBNETS), AfterValidator(without_repeats)]
    """Ids of its private subnets, each in another availability zone."""
    security_group_id: SecurityGroupId | None = None
    """Id of the security group that everything gets which the platform runs in the network; where Studio is, everything but jobs.
    Studio's apps are in it, so it should admit nothing, nor its own members. Not set: the platform creates what it needs, with
    Studio also a group of jobs."""
    job_security_group_id: SecurityGroupId | None = None
    """Only with `development` and `securityGroupId`: id of the security group that jobs get, which may admit its own members. Not
    set: jobs get `securityGroupId`, as before this setting existed. If that group admits its own members, whoever runs a job
    reaches the Studio apps of others, and with them what only leads may do."""
    reaches_aws: bool = False
    """Whether the subnets reach AWS, S3 included, in a way that the platform cannot look up: by a default route that a VPN or Direct
    Connect propagates to their route tables. If not, a network is refused whose subnets seem to have no way to AWS."""

    @field_validator("job_security_group_id")
    @classmethod
    def _jobs_are_apart(cls, group: str | None, info: ValidationInfo) -> str | None:
        others = info.data.get("security_group_id")
        if group and not others:
            raise problem(
                "name network.securityGroupId too, the group of Studio's apps; or neither, and the platform creates both"
            )
        if group and group == others:
            raise problem(
                "it is network.securityGroupId, in which Studio's apps are: name another group, for jobs alone"
            )
        return group


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
