"""Descriptions of endpoints, gateways and flow logs, with the properties that MiniStack forgets."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from sandbox.aws.errors import NotEmulatedError
from sandbox.aws.ministack import ec2, scope
from sandbox.aws.ministack.ec2 import Operation
from sandbox.aws.ministack.ec2 import Parameters as Params

DEFAULT_POLICY = json.dumps(
    {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)
DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
_details = scope.scoped_store()
"""By id of a resource: the elements that its descriptions lack."""


def install() -> None:
    """Remember and describe what MiniStack forgets."""
    ec2.describe_more(_remember, lambda identifier: "".join(_elements(_details.get(identifier, {}))))
    ec2.intercept("ModifyVpcEndpoint", _modify_endpoint)
    ec2.intercept("DescribeVpcEndpoints", _describe_endpoints)
    for operation in ("CreateNatGateway", "DescribeNatGateways"):
        ec2.intercept(operation, _with_addresses)


def groups_of_endpoint(identifier: str) -> list[str]:
    """Return the security groups of an endpoint."""
    return _details.get(identifier, {}).get("groupSet", [])


def has_private_dns(identifier: str) -> bool:
    """Return whether an endpoint answers to the public name of its service."""
    return _details.get(identifier, {}).get("privateDnsEnabled") == "true"


def _remember(kind: str, identifier: str, params: Params) -> None:
    if kind in REMEMBERED:
        _details[identifier] = REMEMBERED[kind](params)


def _endpoint(params: Params) -> dict[str, Any]:
    interface = ec2.first(params, "VpcEndpointType") == "Interface"
    private = ec2.first(params, "PrivateDnsEnabled") or ("true" if interface else "false")
    return {
        "policyDocument": ec2.first(params, "PolicyDocument") or DEFAULT_POLICY,
        "privateDnsEnabled": private.lower(),
        "groupSet": ec2.members(params, "SecurityGroupId"),
    }


def _flow_log(params: Params) -> dict[str, Any]:
    return {
        "deliverLogsPermissionArn": ec2.first(params, "DeliverLogsPermissionArn"),
        "deliverLogsStatus": "SUCCESS",
        "logFormat": ec2.first(params, "LogFormat") or DEFAULT_FORMAT,
        "logGroupName": ec2.first(params, "LogGroupName"),
        "maxAggregationInterval": ec2.first(params, "MaxAggregationInterval") or "600",
    }


REMEMBERED: Mapping[str, Callable[[Params], dict[str, Any]]] = {"vpc-endpoint": _endpoint, "vpc-flow-log": _flow_log}
"""By the type of a new resource: the details that its request gives."""


ENDPOINT_FILTERS: Mapping[str, str] = {
    "service-name": "ServiceName",
    "vpc-endpoint-state": "State",
    "vpc-endpoint-type": "VpcEndpointType",
    "vpc-id": "VpcId",
}
"""Filters of endpoints, and the member that they look at."""


def _describe_endpoints(params: Params, go_on: Operation) -> Any:
    filters = ec2.filters(params)
    unknown = set(filters) - set(ENDPOINT_FILTERS)
    if unknown:
        raise NotEmulatedError(f"the filter {', '.join(sorted(unknown))} of endpoints")
    if not filters:
        return go_on(params)
    named = {identifier for name in params if name.startswith("VpcEndpointId.") for identifier in params[name]}
    found = [
        identifier
        for identifier, endpoint in ec2.vpc_endpoints.items()
        if all(endpoint[ENDPOINT_FILTERS[name]] in values for name, values in filters.items())
        and (not named or identifier in named)
    ]
    # MiniStack takes an empty list for no list; nothing has this id.
    wanted = {f"VpcEndpointId.{number}": [each] for number, each in enumerate(found or ["vpce-none"], 1)}
    return go_on({**params, **wanted})


def _modify_endpoint(params: Params, go_on: Operation) -> Any:
    details = _details.get(ec2.first(params, "VpcEndpointId"), {})
    for element, parameter in (("policyDocument", "PolicyDocument"), ("privateDnsEnabled", "PrivateDnsEnabled")):
        if ec2.first(params, parameter):
            details[element] = ec2.first(params, parameter)
    if ec2.first(params, "ResetPolicy") == "true":
        details["policyDocument"] = DEFAULT_POLICY
    groups = set(details.get("groupSet", [])) | set(ec2.members(params, "AddSecurityGroupId"))
    details["groupSet"] = sorted(groups - set(ec2.members(params, "RemoveSecurityGroupId")))
    return go_on(params)


def _with_addresses(params: Params, go_on: Operation) -> Any:
    status, headers, body = go_on(params)
    pattern = r"<natGatewayId>([^<]+)</natGatewayId>(?:(?!<natGatewayId>).)*?<natGatewayAddressSet/>"
    return status, headers, re.sub(pattern, _address_set, body.decode(), flags=re.DOTALL).encode()


def _address_set(match: re.Match[str]) -> str:
    gateway = ec2.nat_gateways.get(match[1], {})
    address = ec2.addresses.get(gateway.get("AllocationId"))
    if address is None:
        return match[0]
    item = f"<allocationId>{address['AllocationId']}</allocationId><publicIp>{address['PublicIp']}</publicIp>"
    filled = f"<natGatewayAddressSet><item>{item}<isPrimary>true</isPrimary></item></natGatewayAddressSet>"
    return match[0].replace("<natGatewayAddressSet/>", filled)


def _elements(details: Mapping[str, Any]) -> Iterator[str]:
    for name, value in details.items():
        if name == "groupSet":
            items = "".join(f"<item><groupId>{group}</groupId></item>" for group in value)
            yield f"<groupSet>{items}</groupSet>"
        elif value:
            yield f"<{name}>{escape(value)}</{name}>"
