"""Look-ups of EC2 resources, which get their identifiers from AWS, by filters that tell them apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bootstrap.account import Account
from bootstrap.names import Names
from bootstrap.recovery.unidentified import StillBeingMadeError, UnknownTypeError

_TAGS = ("tag:Name", "tag:unit", "tag:environment")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The request that looks up one type of EC2 resource."""

    operation: str
    answer: str
    identifier: str
    filters: Sequence[str]
    filter_parameter: str = "Filters"


RULES: Mapping[str, Rule] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Rule(
        operation="describe_security_groups",
        answer="SecurityGroups",
        identifier="GroupId",
        filters=("vpc-id", "group-name=default"),
    ),
    "aws:ec2/eip:Eip": Rule(
        operation="describe_addresses", answer="Addresses", identifier="AllocationId", filters=_TAGS
    ),
    "aws:ec2/flowLog:FlowLog": Rule(
        operation="describe_flow_logs",
        answer="FlowLogs",
        identifier="FlowLogId",
        filters=("resource-id",),
        filter_parameter="Filter",
    ),
    "aws:ec2/internetGateway:InternetGateway": Rule(
        operation="describe_internet_gateways",
        answer="InternetGateways",
        identifier="InternetGatewayId",
        filters=_TAGS,
    ),
    "aws:ec2/natGateway:NatGateway": Rule(
        operation="describe_nat_gateways",
        answer="NatGateways",
        identifier="NatGatewayId",
        filters=("subnet-id", *_TAGS),
        filter_parameter="Filter",
    ),
    "aws:ec2/routeTable:RouteTable": Rule(
        operation="describe_route_tables", answer="RouteTables", identifier="RouteTableId", filters=("vpc-id", *_TAGS)
    ),
    "aws:ec2/securityGroup:SecurityGroup": Rule(
        operation="describe_security_groups",
        answer="SecurityGroups",
        identifier="GroupId",
        filters=("vpc-id", "group-name"),
    ),
    "aws:ec2/subnet:Subnet": Rule(
        operation="describe_subnets", answer="Subnets", identifier="SubnetId", filters=("vpc-id", "cidr-block")
    ),
    "aws:ec2/vpc:Vpc": Rule(operation="describe_vpcs", answer="Vpcs", identifier="VpcId", filters=_TAGS),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Rule(
        operation="describe_vpc_endpoints",
        answer="VpcEndpoints",
        identifier="VpcEndpointId",
        filters=("vpc-id", "service-name"),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Rule(
        operation="describe_security_group_rules",
        answer="SecurityGroupRules",
        identifier="SecurityGroupRuleId",
        filters=("group-id",),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Rule(
        operation="describe_security_group_rules",
        answer="SecurityGroupRules",
        identifier="SecurityGroupRuleId",
        filters=("group-id",),
    ),
}

_GONE = {"deleted", "deleting", "failed", "rejected", "expired"}


def find(account: Account, names: Names, kind: str, inputs: Mapping[str, Any]) -> Sequence[str]:
    """Return the identifiers of the resources of type `kind` that have these inputs.

    Raises:
        UnknownTypeError: an input that tells such resources apart is missing.
        StillBeingMadeError: one exists, but is not ready yet.
    """
    rule = RULES[kind]
    filters = _filters(names, rule, kind, inputs)
    operation = getattr(account.client("ec2"), rule.operation)
    found: list[Mapping[str, Any]] = [
        entry
        for entry in operation(**{rule.filter_parameter: filters})[rule.answer]
        if str(entry.get("State", "")).lower() not in _GONE and _is_requested_rule(kind, inputs, entry)
    ]
    if any(str(entry.get("State", "")).lower() == "pending" for entry in found):
        raise StillBeingMadeError
    return [entry[rule.identifier] for entry in found]


def _filters(names: Names, rule: Rule, kind: str, inputs: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    values = {
        "cidr-block": inputs.get("cidrBlock"),
        "group-id": inputs.get("securityGroupId"),
        "group-name": inputs.get("name"),
        "resource-id": inputs.get("vpcId") or inputs.get("subnetId"),
        "service-name": inputs.get("serviceName"),
        "subnet-id": inputs.get("subnetId"),
        "tag:Name": inputs.get("tags", {}).get("Name"),
        "tag:environment": names.environment,
        "tag:unit": names.unit,
        "vpc-id": inputs.get("vpcId"),
    }
    filters: list[dict[str, Any]] = []
    for wanted in rule.filters:
        name, _, fixed = wanted.partition("=")
        value = fixed or values[name]
        if value is None:
            raise UnknownTypeError(f"{kind} without {name}")
        filters.append({"Name": name, "Values": [value]})
    return filters


def _is_requested_rule(kind: str, inputs: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Return whether a rule of a security group has these inputs; true for resources of other types."""
    if not kind.startswith("aws:vpc/securityGroup"):
        return True
    unbounded = inputs["ipProtocol"] == "-1"
    return (
        entry["IsEgress"] == kind.endswith("EgressRule")
        and entry["IpProtocol"] == inputs["ipProtocol"]
        and (unbounded or (entry["FromPort"], entry["ToPort"]) == (inputs.get("fromPort"), inputs.get("toPort")))
        and entry.get("CidrIpv4") == inputs.get("cidrIpv4")
        and entry.get("PrefixListId") == inputs.get("prefixListId")
        and entry.get("ReferencedGroupInfo", {}).get("GroupId") == inputs.get("referencedSecurityGroupId")
    )
