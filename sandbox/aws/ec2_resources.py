"""Which resources EC2's operations are about.

MiniStack leaves it at `*` for many. An operation that creates something is about `TYPE/*`; one that changes something
is about what its parameters name. Source: Service Authorization Reference, page of EC2.
"""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.aws import emulator

TYPES_BY_PREFIX: Mapping[str, str] = {
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""Types by what their identifiers begin with."""

TYPES_BY_NOUN: Mapping[str, str] = {
    "Address": "elastic-ip",
    "FlowLogs": "vpc-flow-log",
    "InternetGateway": "internet-gateway",
    "NatGateway": "natgateway",
    "NetworkInterface": "network-interface",
    "Route": "route-table",
    "RouteTable": "route-table",
    "SecurityGroup": "security-group",
    "SecurityGroupEgress": "security-group",
    "SecurityGroupIngress": "security-group",
    "SecurityGroupRuleDescriptionsEgress": "security-group",
    "SecurityGroupRuleDescriptionsIngress": "security-group",
    "SecurityGroupRules": "security-group",
    "Subnet": "subnet",
    "SubnetAttribute": "subnet",
    "Vpc": "vpc",
    "VpcAttribute": "vpc",
    "VpcEndpoint": "vpc-endpoint",
    "VpcEndpoints": "vpc-endpoint",
}
"""Types by what operations are called."""

WITH_RESOURCE_THOUGH_DESCRIBING: Mapping[str, str] = {
    "DescribeAddressesAttribute": "elastic-ip",
    "DescribeVpcAttribute": "vpc",
}

OPERATION = re.compile(
    r"(Allocate|Associate|Attach|Authorize|Create|Delete|Detach|Disassociate|Modify|Release|Replace|Revoke|Update)(.+)"
)
CREATING = frozenset({"Allocate", "Create"})


def resource(params: Mapping[str, Any]) -> str | None:
    """The resource of an operation; None if MiniStack's own answer will do."""
    action = _first(params, "Action")
    if action in ("CreateTags", "DeleteTags"):
        return _arn_of(_first(params, "ResourceId.1"))
    if action in WITH_RESOURCE_THOUGH_DESCRIBING:
        kind = WITH_RESOURCE_THOUGH_DESCRIBING[action]
        return _named(kind, params)
    if action == "ReplaceRouteTableAssociation":
        return _named("route-table", params)
    match = OPERATION.fullmatch(action)
    kind = TYPES_BY_NOUN.get(match[2].removesuffix("Association")) if match else None
    if match is None or kind is None:
        return None
    # A route is part of a table that exists; everything else that is created has no identifier yet.
    if match[1] in CREATING and match[2] != "Route":
        return _arn(kind, "*")
    return _named(kind, params)


def _named(kind: str, params: Mapping[str, Any]) -> str:
    for name in params:
        value = _first(params, name)
        if TYPES_BY_PREFIX.get(value.partition("-")[0]) == kind and name != "ResourceId.1":
            return _arn(kind, value)
    return _arn(kind, "*")


def _arn_of(identifier: str) -> str | None:
    kind = TYPES_BY_PREFIX.get(identifier.partition("-")[0])
    return _arn(kind, identifier) if kind else None


def _arn(kind: str, identifier: str) -> str:
    return f"arn:aws:ec2:{emulator.region()}:{emulator.account_id()}:{kind}/{identifier}"


def _first(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name, "")
    text = (value[0] if value else "") if isinstance(value, list) else value
    return str(text)
