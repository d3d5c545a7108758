"""Ways from a subnet to AWS's services and to the internet: routes, endpoints, and the security groups on both sides.

Sources: Amazon VPC User Guide, "Configure route tables" and "NAT gateways"; AWS PrivateLink Guide, "Access an AWS service
using an interface VPC endpoint" and "Gateway endpoints for Amazon S3"; EC2 API Reference.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from sandbox.aws.ec2 import descriptions
from sandbox.aws.ministack import ec2, scope

HTTPS = 443
EVERYWHERE = "0.0.0.0/0"


def to_internet(subnet_id: str, group_ids: Sequence[str]) -> bool:
    """Return whether something in a subnet, without a public address, reaches the internet by HTTPS.

    A default route leads there through a NAT gateway that is available and whose own subnet has an internet gateway; one that
    leads to another network is its owner's, and taken for a way out.
    """
    route = _default_route(subnet_id)
    if route is None or not _lets_out(group_ids, ()):
        return False
    if "NatGatewayId" in route:
        gateway = ec2.nat_gateways.get(route["NatGatewayId"], {"State": "deleted"})
        beyond = _default_route(gateway["SubnetId"]) if gateway["State"] == "available" else None
        return beyond is not None and beyond.get("GatewayId", "").startswith("igw-")
    return not route.get("GatewayId", "").startswith("igw-")


def to_service(service: str, subnet_id: str, group_ids: Sequence[str]) -> bool:
    """Return whether something in a subnet reaches a service, named as its endpoints are after the region."""
    return (
        to_internet(subnet_id, group_ids)
        or _by_gateway(service, subnet_id)
        or _by_interface(service, subnet_id, group_ids)
    )


def _by_gateway(service: str, subnet_id: str) -> bool:
    table = _route_table(subnet_id).get("RouteTableId")
    return any(
        endpoint["VpcEndpointType"] == "Gateway" and table in endpoint["RouteTableIds"]
        for endpoint in ec2.vpc_endpoints.values()
        if endpoint["ServiceName"] == f"com.amazonaws.{scope.region()}.{service}"
    )


def _by_interface(service: str, subnet_id: str, group_ids: Sequence[str]) -> bool:
    vpc = ec2.subnets.get(subnet_id, {}).get("VpcId")
    for identifier, endpoint in ec2.vpc_endpoints.items():
        groups = descriptions.groups_of_endpoint(identifier)
        if (
            (endpoint["VpcId"], endpoint["VpcEndpointType"]) == (vpc, "Interface")
            and endpoint["ServiceName"] == f"com.amazonaws.{scope.region()}.{service}"
            and descriptions.has_private_dns(identifier)
            and endpoint["SubnetIds"]
            and _lets_out(group_ids, groups, _addresses(endpoint["SubnetIds"]))
            and any(_allows(_rules(group, "IpPermissions"), group_ids, _addresses([subnet_id])) for group in groups)
        ):
            return True
    return False


def _lets_out(group_ids: Sequence[str], towards: Sequence[str], addresses: Sequence[IPv4Network] = ()) -> bool:
    return any(_allows(_rules(group, "IpPermissionsEgress"), towards, addresses) for group in group_ids)


def _addresses(subnet_ids: Sequence[str]) -> list[IPv4Network]:
    return [IPv4Network(ec2.subnets[subnet]["CidrBlock"]) for subnet in subnet_ids]


def _rules(group_id: str, kind: str) -> Sequence[Mapping[str, Any]]:
    return ec2.security_groups.get(group_id, {}).get(kind, ())


def _allows(rules: Sequence[Mapping[str, Any]], peers: Sequence[str], addresses: Sequence[IPv4Network]) -> bool:
    """Return whether rules let HTTPS through: between any addresses, with one of the groups `peers`, or with `addresses`."""
    for rule in rules:
        every_port = rule["IpProtocol"] == "-1"
        if every_port or (rule["IpProtocol"] == "tcp" and int(rule["FromPort"]) <= HTTPS <= int(rule["ToPort"])):
            ranges = [IPv4Network(each["CidrIp"]) for each in rule.get("IpRanges", ())]
            groups = {each["GroupId"] for each in rule.get("UserIdGroupPairs", ())}
            held = any(each.subnet_of(range_) for each in addresses for range_ in ranges)
            if IPv4Network(EVERYWHERE) in ranges or groups & set(peers) or held:
                return True
    return False


def _default_route(subnet_id: str) -> Mapping[str, Any] | None:
    routes = _route_table(subnet_id).get("Routes", ())
    return next((each for each in routes if each.get("DestinationCidrBlock") == EVERYWHERE), None)


def _route_table(subnet_id: str) -> Mapping[str, Any]:
    """Return the table that a subnet is associated with, else the main one of its network."""
    vpc = ec2.subnets.get(subnet_id, {}).get("VpcId")
    main: Mapping[str, Any] = {}
    for table in ec2.route_tables.values():
        for association in table["Associations"]:
            if association.get("SubnetId") == subnet_id:
                return table
            if association["Main"] and table["VpcId"] == vpc:
                main = table
    return main
