"""Network interfaces: everything that stands in a subnet, by the services that put it there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sandbox.aws.ec2 import descriptions, nat_gateways
from sandbox.aws.ministack import ec2


@dataclass(frozen=True, kw_only=True)
class Interface:
    """A network interface, or as many alike as a service has in one subnet."""

    subnet_id: str
    group_ids: Sequence[str] = ()
    has_public_address: bool = False


Source = Callable[[], Iterator[Interface]]

_sources: list[Source] = []


def add_source(source: Source) -> None:
    """Let a service say which interfaces it has in the account and region of the request that is being answered."""
    _sources.append(source)


def of(subnet_ids: Sequence[str], group_ids: Sequence[str]) -> Iterator[Interface]:
    """Yield an interface in each of some subnets, in the same groups."""
    for subnet in subnet_ids:
        yield Interface(subnet_id=subnet, group_ids=group_ids)


def all_interfaces() -> Iterator[Interface]:
    """Yield the interfaces of the account and region."""
    for identifier, endpoint in ec2.vpc_endpoints.items():
        yield from of(endpoint["SubnetIds"], descriptions.groups_of_endpoint(identifier))
    for gateway in nat_gateways.standing():
        public = gateway["ConnectivityType"] == "public"
        yield Interface(subnet_id=gateway["SubnetId"], has_public_address=public)
    for interface in ec2.network_interfaces.values():
        yield from of([interface["SubnetId"]], [group["GroupId"] for group in interface["Groups"]])
    for source in _sources:
        yield from source()
