"""Availability zones: names that mean another zone in each account, and constrained zones.

Sources: EC2 API Reference, "DescribeAvailabilityZones"; Regions and Zones, "Availability Zone IDs"; Amazon VPC User Guide,
"Troubleshoot NAT gateways". Assumptions: the mapping itself, which AWS draws for each account, and that an account sees the zones
with the lowest numbers.
"""

import string
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.errors import NotEmulatedError
from sandbox.aws.ministack import ec2, scope
from sandbox.aws.ministack.ec2 import Operation, Parameters

COUNTS: Mapping[str, int] = {"ap-northeast-2": 4, "us-east-1": 6, "us-west-1": 2, "us-west-2": 4}
"""Zones of a region that an account sees, if they are not three. Source: AWS Regions and Availability Zones; us-west-1 has three,
of which an account sees two: https://github.com/aws-solutions/workload-discovery-on-aws/issues/234."""
WITHOUT_NAT: Mapping[str, str] = {"apne1-az3": "https://github.com/sysdiglabs/terraform-aws-secure-for-cloud/pull/52"}
"""Ids of constrained zones that have no NAT gateways, each with a report of it."""
WITHOUT_ENDPOINTS: Mapping[str, str] = {
    "apne1-az3": "https://github.com/redis/docs/pull/2390",
    "use1-az3": "https://github.com/chanzuckerberg/cztack/pull/865",
}
"""Ids of zones in which endpoint services are missing, each with a report of it."""

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
    """Describe the zones of the account, and create no NAT gateway where there are none."""
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
    if zone_id(subnet["AvailabilityZone"]) in WITHOUT_NAT:
        return ec2.refusal("NotAvailableInZone", "Nat Gateway is not available in this availability zone")
    return go_on(params)
