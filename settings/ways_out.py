"""The ways out of a network that follow from its settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

from settings.network import NewNetwork
from settings.requirements import Requirements


@dataclass(frozen=True, kw_only=True)
class WaysOut:
    """Ways out of the private subnets of a network, and ways in to its endpoints."""

    nat: Literal["none", "single", "perZone"] = "none"
    """NAT gateways: none, one for all zones, or one in each."""
    public_subnets: bool = False
    """Whether there is an internet gateway and public subnets, which only NAT gateways need."""
    endpoints: Sequence[str] = ()
    """Services with an interface endpoint, as AWS names them after the region; `studio` for SageMaker Studio's."""
    caller_cidrs: Sequence[IPv4Network] = ()
    """Connected networks whose callers reach these endpoints."""
    signed_by_aws: Sequence[Literal["functions", "images"]] = ()
    """Things in the network that send requests to S3 which AWS signs with accounts of its own."""


def ways_out(network: NewNetwork, requirements: Requirements, *, development: bool, workload: bool) -> WaysOut:
    """Return the ways out of a network of an environment with these parts and requirements."""
    if network.from_before:
        return WaysOut(
            nat=network.nat or "single",
            public_subnets=True,
            endpoints=requirements.former_services,
            signed_by_aws=("functions", "images"),
        )
    access = network.private_access or ("nat" if development else "none")
    nat = (network.nat or "single") if access in ("nat", "both") else "none"
    endpoints = requirements.services if access in ("endpoints", "both") else ()
    return WaysOut(
        nat=nat,
        public_subnets=nat != "none",
        endpoints=endpoints,
        caller_cidrs=network.connected_cidrs if workload and endpoints else (),
        signed_by_aws=("functions",) if requirements.functions_in_network else (),
    )
