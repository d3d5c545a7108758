"""Availability zones: names that mean another zone in each account, and a zone without NAT gateways.

Sources: EC2 API Reference, "DescribeAvailabilityZones"; Regions and Zones, "Availability Zone IDs"; Amazon VPC User Guide,
"Troubleshoot NAT gateways". Assumption: the mapping itself, which AWS draws for each account.
"""

import string
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.errors import NotEmulatedError
from sandbox.aws.ministack import ec2, scope
from sandbox.aws.ministack.ec2 import Operation, Parameters

COUNTS: Mapping[str, int] = {"us-east-1": 6, "us-west-2": 4}
"""Zones of a region, if they are not three."""
CONSTRAINED = frozenset({"use1-az3"})
"""Ids of zones that have neither NAT gateways nor all endpoint services."""

FILTERS: Mapping[str, str] = {
    "group-name": "groupName",
    "opt-in-status": "optInStatus",
    "region-name": "regionName",
    "state": "zoneState",
    "zone-id": "zoneId",
    "zone-name": "zoneName",
    "zone-type": "zoneType",
}
"""Filters of zones, and the element that they look at."""


def install() -> None:
    """Describe the zones of the account, and create no NAT gateway in a constrained one."""
    ec2.identify_zones(zone_id)
    ec2.intercept("DescribeAvailabilityZones", _describe)
    ec2.intercept("CreateNatGateway", _create_nat_gateway)


def names() -> list[str]:
    """Return the names of the zones of the region."""
    region = scope.region()
    return [f"{region}{letter}" for letter in string.ascii_lowercase[: COUNTS.get(region, 3)]]


def zone_id(name: str) -> str:
    """Return the id of the zone that has a name in this account."""
    region, letter = name[:-1], name[-1]
    count = COUNTS.get(region, 3)
    number = (string.ascii_lowercase.index(letter) + int(scope.account_id())) % count + 1
    return f"{ec2.zone_id_prefix(region)}-az{number}"


def _zones() -> Iterator[Mapping[str, str]]:
    region = scope.region()
    for name in names():
        yield {
            "optInStatus": "opt-in-not-required",
            "regionName": region,
            "zoneName": name,
            "zoneId": zone_id(name),
            "groupName": f"{region}-zg-1",
            "networkBorderGroup": region,
            "zoneType": "availability-zone",
            "zoneState": "available",
        }


def _describe(params: Parameters, _: Operation) -> Any:
    filters = ec2.filters(params)
    unknown = (set(filters) - set(FILTERS)) | {name for name in params if name.startswith("Zone")}
    if unknown:
        raise NotEmulatedError(f"{', '.join(sorted(unknown))} of DescribeAvailabilityZones")
    found = [zone for zone in _zones() if all(zone[FILTERS[name]] in values for name, values in filters.items())]
    items = "".join(
        f"<item>{''.join(f'<{element}>{text}</{element}>' for element, text in zone.items())}</item>" for zone in found
    )
    return ec2.answer("DescribeAvailabilityZones", f"<availabilityZoneInfo>{items}</availabilityZoneInfo>")


def _create_nat_gateway(params: Parameters, go_on: Operation) -> Any:
    subnet = ec2.subnets.get(ec2.first(params, "SubnetId"))
    if subnet is None:
        name = ec2.first(params, "SubnetId")
        return ec2.refusal("InvalidSubnetID.NotFound", f"The subnet ID '{name}' does not exist")
    if zone_id(subnet["AvailabilityZone"]) in CONSTRAINED:
        return ec2.refusal("NotAvailableInZone", "Nat Gateway is not available in this availability zone")
    return go_on(params)
