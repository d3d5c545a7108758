"""Choose the availability zones of a network: those where it is already, then others that offer what it needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Literal

WITHOUT_NAT: Mapping[str, str] = {"apne1-az3": "https://github.com/aws/aws-cdk/issues/5847"}
"""Ids of zones in which AWS creates no NAT gateway, each with a report. No API lists them; CreateNatGateway fails there with
NotAvailableInZone. Source: Amazon VPC User Guide, "Troubleshoot NAT gateways", "Availability Zone is unsupported"."""

WITHOUT_CURRENT_INSTANCES: Mapping[str, str] = {"use1-az3": "https://wolfman.dev/posts/exclude-use1-az3/"}
"""Ids of zones that lack instances of current types, on which jobs and endpoints run, each with a report. That NAT gateways are
missing there is not reported."""

BLOCKS = 8
"""Number of address blocks for private subnets. There are as many for public subnets, so a block is a sixteenth of the network."""


class ZonesError(Exception):
    """A network's zones cannot be chosen; the message says what to change in its settings."""


@dataclass(frozen=True, kw_only=True)
class ZoneChoice:
    """The zones of a region, with what decides which of them a network gets."""

    region: str
    nat: Literal["none", "single", "perZone"]
    """NAT gateways that the network gets: none, one in the first zone for all, or one in each."""
    zone_ids: Mapping[str, str]
    """Zones of the region: their ids, by name."""
    standing: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])
    """Address blocks of the private subnets that are deployed already, by the name of their zone; all are the network's own."""
    offers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Names of the zones in which AWS offers an endpoint, for each service that the network gets an endpoint of."""

    def zones(self, cidr: IPv4Network, *, count: int, named: Sequence[str] | None = None) -> dict[str, int]:
        """Return the chosen zones: by name, the number of the address block of `cidr` that each gets.

        A zone with a deployed subnet is chosen before others, and keeps its block: otherwise the subnet would be replaced. A zone
        without NAT gateways is only taken if it is deployed or `named`, because the network may get gateways later. It comes
        last, so that the gateway of all zones, which stands in the first one, can be created.

        Args:
            cidr: addresses of the network.
            count: number of zones to choose.
            named: ids of the zones to take instead of a choice.

        Raises:
            ZonesError: there are not enough zones, one of those `named` is unknown, or a zone lacks something needed.
        """
        lowest_first = sorted(self.standing, key=lambda zone: self.standing[zone])
        if named is None:
            fit = [zone for zone in sorted(self.zone_ids) if zone not in self.standing and not self._lacking(zone)]
            chosen = [*lowest_first, *fit][:count]
            if len(chosen) < count:
                raise ZonesError(f"network.zones: {self.region} has {len(chosen)}{self._that_offer()}; ask for no more")
        else:
            chosen = list(self._by_id(named))
            chosen.sort(key=lambda zone: lowest_first.index(zone) if zone in lowest_first else BLOCKS)
        chosen.sort(key=self._is_without_nat)
        for position, zone in enumerate(chosen):
            missing = self._without_endpoints(zone)
            if self._is_without_nat(zone) and (self.nat == "perZone" or (self.nat == "single" and position == 0)):
                missing.append("NAT gateways")
            if missing:
                raise ZonesError(
                    f"network: {zone} ({self.zone_ids.get(zone, 'no longer available')}) does not offer {', '.join(missing)}: "
                    "choose other zones by network.zoneIds, which replaces the subnets of those left out, or another way "
                    "out by network.privateAccess"
                )
        return self._blocks(cidr, chosen)

    def _by_id(self, named: Sequence[str]) -> Iterator[str]:
        names = {zone_id: name for name, zone_id in self.zone_ids.items()}
        for zone_id in named:
            if zone_id not in names:
                raise ZonesError(
                    f"network.zoneIds: {self.region} has no {zone_id}; choose among {', '.join(sorted(names))}"
                )
            yield names[zone_id]

    def _is_without_nat(self, zone: str) -> bool:
        return self.zone_ids.get(zone) in WITHOUT_NAT

    def _without_endpoints(self, zone: str) -> list[str]:
        return [f"an endpoint of {service}" for service, zones in sorted(self.offers.items()) if zone not in zones]

    def _lacking(self, zone: str) -> list[str]:
        """Return what a zone lacks of that for which the choice prefers another."""
        lacking = self._without_endpoints(zone)
        if self._is_without_nat(zone):
            lacking.append("NAT gateways")
        if self.zone_ids[zone] in WITHOUT_CURRENT_INSTANCES:
            lacking.append("instances of current types")
        return lacking

    def _that_offer(self) -> str:
        lacking = sorted({each for zone in self.zone_ids for each in self._lacking(zone)})
        return f" that offer {', '.join(lacking)}" if lacking else ""

    def _blocks(self, cidr: IPv4Network, chosen: Sequence[str]) -> dict[str, int]:
        blocks = list(cidr.subnets(new_prefix=cidr.prefixlen + 4))[:BLOCKS]
        taken = {zone: blocks.index(subnet) for zone, subnet in self.standing.items()}
        free = iter(sorted(set(range(BLOCKS)) - set(taken.values())))
        # Pulumi creates new subnets before it deletes those of a zone that is no longer chosen, so their blocks are not free yet.
        return {zone: taken[zone] if zone in taken else next(free) for zone in chosen}
