"""Deletions that EC2 refuses, because something uses the resource.

Source: EC2 API Reference, the operations below; "Error codes" (DependencyViolation, InvalidIPAddress.InUse).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.aws.ec2 import nat_gateways
from sandbox.aws.ec2.interfaces import all_interfaces
from sandbox.aws.ministack import ec2
from sandbox.aws.ministack.ec2 import Operation, Parameters

Refusal = tuple[str, str]
"""Code and message of an error."""


def install() -> None:
    """Check deletions before MiniStack carries them out."""
    for operation, check in CHECKS.items():
        ec2.intercept(operation, _checked(check))


def _checked(check: Callable[[Parameters], Refusal | None]) -> Callable[[Parameters, Operation], Any]:
    def answer(params: Parameters, go_on: Operation) -> Any:
        refused = check(params)
        return ec2.refusal(*refused) if refused else go_on(params)

    return answer


def _delete_subnet(params: Parameters) -> Refusal | None:
    subnet = ec2.first(params, "SubnetId")
    if any(each.subnet_id == subnet for each in all_interfaces()):
        return _violation(f"The subnet '{subnet}' has dependencies and cannot be deleted.")
    # Its association with a route table ends with it.
    for table in ec2.route_tables.values() if subnet in ec2.subnets else ():
        table["Associations"] = [each for each in table["Associations"] if each.get("SubnetId") != subnet]
    return None


def _delete_security_group(params: Parameters) -> Refusal | None:
    group = ec2.first(params, "GroupId")
    used = any(group in each.group_ids for each in all_interfaces())
    if used or any(group in _referenced(other) for name, other in ec2.security_groups.items() if name != group):
        return _violation(f"resource {group} has a dependent object")
    return None


def _referenced(group: Mapping[str, Any]) -> Iterator[str]:
    """Yield the groups that a group's rules name."""
    for rule in (*group["IpPermissions"], *group["IpPermissionsEgress"]):
        yield from (pair["GroupId"] for pair in rule.get("UserIdGroupPairs", ()))


def _delete_vpc(params: Parameters) -> Refusal | None:
    vpc = ec2.first(params, "VpcId")
    in_it = [
        *(each for each in ec2.subnets.values() if each["VpcId"] == vpc),
        *(each for each in ec2.security_groups.values() if each["VpcId"] == vpc and each["GroupName"] != "default"),
        *(each for each in ec2.vpc_endpoints.values() if each["VpcId"] == vpc),
        *(each for each in nat_gateways.standing() if each["VpcId"] == vpc),
        *(each for each in ec2.route_tables.values() if each["VpcId"] == vpc and not _is_main(each)),
        *(each for each in ec2.internet_gateways.values() if vpc in _attached_to(each)),
    ]
    return _violation(f"The vpc '{vpc}' has dependencies and cannot be deleted.") if in_it else None


def _detach_internet_gateway(params: Parameters) -> Refusal | None:
    gateway, vpc = ec2.first(params, "InternetGatewayId"), ec2.first(params, "VpcId")
    if gateway in ec2.internet_gateways and vpc not in _attached_to(ec2.internet_gateways[gateway]):
        return "Gateway.NotAttached", f"resource {gateway} is not attached to network {vpc}"
    public = {each.subnet_id for each in all_interfaces() if each.has_public_address}
    if any(ec2.subnets[subnet]["VpcId"] == vpc for subnet in public if subnet in ec2.subnets):
        return _violation(
            f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching "
            "the gateway."
        )
    return None


def _delete_internet_gateway(params: Parameters) -> Refusal | None:
    gateway = ec2.first(params, "InternetGatewayId")
    if list(_attached_to(ec2.internet_gateways.get(gateway, {}))):
        return _violation(f"The internetGateway '{gateway}' has dependencies and cannot be deleted.")
    return None


def _delete_route_table(params: Parameters) -> Refusal | None:
    table = ec2.first(params, "RouteTableId")
    if ec2.route_tables.get(table, {}).get("Associations"):
        return _violation(f"The routeTable '{table}' has dependencies and cannot be deleted.")
    return None


def _release_address(params: Parameters) -> Refusal | None:
    allocation = ec2.first(params, "AllocationId")
    for gateway in nat_gateways.standing():
        if gateway["AllocationId"] == allocation:
            return "InvalidIPAddress.InUse", f"Address {ec2.addresses[allocation]['PublicIp']} is in use."
    return None


def _attached_to(gateway: Mapping[str, Any]) -> Iterator[str]:
    return (each["VpcId"] for each in gateway.get("Attachments", ()))


def _is_main(table: Mapping[str, Any]) -> bool:
    return any(each["Main"] for each in table["Associations"])


def _violation(message: str) -> Refusal:
    return "DependencyViolation", message


CHECKS: Mapping[str, Callable[[Parameters], Refusal | None]] = {
    "DeleteInternetGateway": _delete_internet_gateway,
    "DeleteRouteTable": _delete_route_table,
    "DeleteSecurityGroup": _delete_security_group,
    "DeleteSubnet": _delete_subnet,
    "DeleteVpc": _delete_vpc,
    "DetachInternetGateway": _detach_internet_gateway,
    "ReleaseAddress": _release_address,
}
"""By operation: the check of its request."""
