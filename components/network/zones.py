"""Choose the availability zones of a network: those where it is already, then others that offer what it needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

WITHOUT_NAT = frozenset({"use1-az3"})
"""Ids of zones in which AWS creates no NAT gateway. No API lists them; CreateNatGateway fails there with NotAvailableInZone.
`use1-az3`, the oldest zone of us-east-1, is the one that users report. The setting `network.zoneIds` can avoid others.
Source: Amazon VPC User Guide, "Troubleshoot NAT gateways", "Availability Zone is unsupported"."""

BLOCKS = 8
"""Number of address blocks for private subnets. There are as many for public subnets, so a block is a sixteenth of the network."""


class ZonesError(Exception):
    """A network's zones cannot be chosen; the message says what to change in its settings."""


@dataclass(frozen=True, kw_only=True)
class ZoneChoice:
    """The zones of a region, with what decides which of them a network gets."""

    region: str
    zone_ids: Mapping[str, str]
    """Zones of the region: their ids, by name."""
    standing: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])
    """Address blocks of the private subnets that are deployed already, by the name of their zone."""
    offers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Names of the zones in which AWS offers an endpoint, for each service that the network gets an endpoint of."""

    def zones(self, cidr: IPv4Network, *, count: int, named: Sequence[str] | None = None) -> dict[str, int]:
        """Return the chosen zones: by name, the number of the address block of `cidr` that each gets.

        A zone with a deployed subnet is chosen before others, and keeps its block: otherwise the subnet would be replaced.

        Args:
            cidr: addresses of the network.
            count: number of zones to choose.
            named: ids of the zones to take instead of a choice.

        Raises:
            ZonesError: there are not enough zones, one of those `named` is unknown, or a zone lacks something needed.
        """
        lowest_first = sorted(self.standing, key=lambda zone: self.standing[zone])
        if named is None:
            fit = [zone for zone in sorted(self.zone_ids) if zone not in self.standing and not self._missing(zone)]
            chosen = [*lowest_first, *fit][:count]
            if len(chosen) < count:
                raise ZonesError(f"network.zones: {self.region} has {len(chosen)}{self._that_offer()}; ask for no more")
        else:
            chosen = list(self._by_id(named))
            chosen.sort(key=lambda zone: lowest_first.index(zone) if zone in lowest_first else BLOCKS)
        for zone in chosen:
            missing = self._missing(zone)
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

    def _missing(self, zone: str) -> list[str]:
        missing = [f"an endpoint of {service}" for service, zones in sorted(self.offers.items()) if zone not in zones]
        if zone not in self.standing and self.zone_ids.get(zone) in WITHOUT_NAT:
            missing.append("NAT gateways")
        return missing

    def _that_offer(self) -> str:
        lacking = sorted({missing for zone in self.zone_ids for missing in self._missing(zone)})
        return f" that offer {', '.join(lacking)}" if lacking else ""

    def _blocks(self, cidr: IPv4Network, chosen: Sequence[str]) -> dict[str, int]:
        blocks = list(cidr.subnets(new_prefix=cidr.prefixlen + 4))[:BLOCKS]
        taken = {zone: blocks.index(subnet) for zone, subnet in self.standing.items() if subnet in blocks}
        free = iter(sorted(set(range(BLOCKS)) - set(taken.values())))
        # Pulumi creates new subnets before it deletes those of a zone that is no longer chosen, so their blocks are not free yet.
        return {zone: taken[zone] if zone in taken else next(free) for zone in chosen}
