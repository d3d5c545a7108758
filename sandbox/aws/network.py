"""EC2 where MiniStack falls short: what it forgets about endpoints, gateways and flow logs."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from xml.sax.saxutils import escape

from sandbox.aws import emulator
from sandbox.aws.errors import NotEmulatedError

Params = dict[str, list[str]]

DEFAULT_POLICY = json.dumps(
    {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)
DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
_details = emulator.scoped_store()


def install() -> None:
    """Remember what MiniStack forgets, and tell it when somebody asks."""
    parse = emulator.ec2._parse_tag_specs
    tag_set = emulator.ec2._tag_set_xml
    actions = emulator.ec2._ACTION_MAP

    def parse_tag_specs(params: Any, kind: str, identifier: str) -> Any:
        # AWS calls the type `vpc-flow-log`; MiniStack looks for another.
        if kind in REMEMBERED:
            _details[identifier] = REMEMBERED[kind](params)
        return parse(params, "vpc-flow-log" if kind == "flow-log" else kind, identifier)

    def tag_set_xml(identifier: str) -> str:
        # Every description of a resource ends with its tags.
        return tag_set(identifier) + "".join(_elements(_details.get(identifier, {})))

    emulator.ec2._parse_tag_specs = parse_tag_specs
    emulator.ec2._tag_set_xml = tag_set_xml
    actions["ModifyVpcEndpoint"] = _modifying_endpoints(actions["ModifyVpcEndpoint"])
    actions["DescribeVpcEndpoints"] = _filtering_endpoints(actions["DescribeVpcEndpoints"])
    for action in ("CreateNatGateway", "DescribeNatGateways"):
        actions[action] = _with_addresses(actions[action])


def _endpoint(params: Params) -> dict[str, Any]:
    interface = _first(params, "VpcEndpointType") == "Interface"
    private = _first(params, "PrivateDnsEnabled") or ("true" if interface else "false")
    return {
        "policyDocument": _first(params, "PolicyDocument") or DEFAULT_POLICY,
        "privateDnsEnabled": private.lower(),
        "groupSet": _members(params, "SecurityGroupId"),
    }


def _flow_log(params: Params) -> dict[str, Any]:
    return {
        "deliverLogsPermissionArn": _first(params, "DeliverLogsPermissionArn"),
        "deliverLogsStatus": "SUCCESS",
        "logFormat": _first(params, "LogFormat") or DEFAULT_FORMAT,
        "logGroupName": _first(params, "LogGroupName"),
        "maxAggregationInterval": _first(params, "MaxAggregationInterval") or "600",
    }


REMEMBERED: Mapping[str, Callable[[Params], dict[str, Any]]] = {"vpc-endpoint": _endpoint, "flow-log": _flow_log}
"""By the kind that MiniStack gives a new resource: what else its request says."""


ENDPOINT_FILTERS: Mapping[str, str] = {"service-name": "ServiceName", "vpc-id": "VpcId"}
"""What endpoints can be looked up by, and the member that answers it."""


def _filtering_endpoints(handle: Any) -> Any:
    def describe(params: Params) -> Any:
        filters: dict[str, list[str]] = emulator.ec2._parse_filters(params)
        unknown = set(filters) - set(ENDPOINT_FILTERS)
        if unknown:
            raise NotEmulatedError(f"the filter {', '.join(sorted(unknown))} of endpoints")
        named = {identifier for name in params if name.startswith("VpcEndpointId.") for identifier in params[name]}
        found = [
            identifier
            for identifier, endpoint in emulator.ec2._vpc_endpoints.items()
            if all(endpoint[ENDPOINT_FILTERS[name]] in values for name, values in filters.items())
            and (not named or identifier in named)
        ]
        if not filters:
            return handle(params)
        # MiniStack takes an empty list for no list; nothing has this id.
        wanted = {f"VpcEndpointId.{number}": [each] for number, each in enumerate(found or ["vpce-none"], 1)}
        return handle({**params, **wanted})

    return describe


def _modifying_endpoints(handle: Any) -> Any:
    def modify(params: Params) -> Any:
        details = _details.get(_first(params, "VpcEndpointId"), {})
        for element, parameter in (("policyDocument", "PolicyDocument"), ("privateDnsEnabled", "PrivateDnsEnabled")):
            if _first(params, parameter):
                details[element] = _first(params, parameter)
        if _first(params, "ResetPolicy") == "true":
            details["policyDocument"] = DEFAULT_POLICY
        groups = set(details.get("groupSet", [])) | set(_members(params, "AddSecurityGroupId"))
        details["groupSet"] = sorted(groups - set(_members(params, "RemoveSecurityGroupId")))
        return handle(params)

    return modify


def _with_addresses(handle: Any) -> Any:
    def address_set(match: re.Match[str]) -> str:
        gateway = emulator.ec2._nat_gateways.get(match[1], {})
        address = emulator.ec2._addresses.get(gateway.get("AllocationId"))
        if address is None:
            return match[0]
        item = f"<allocationId>{address['AllocationId']}</allocationId><publicIp>{address['PublicIp']}</publicIp>"
        filled = f"<natGatewayAddressSet><item>{item}<isPrimary>true</isPrimary></item></natGatewayAddressSet>"
        return match[0].replace("<natGatewayAddressSet/>", filled)

    def answer(params: Params) -> Any:
        status, headers, body = handle(params)
        pattern = r"<natGatewayId>([^<]+)</natGatewayId>(?:(?!<natGatewayId>).)*?<natGatewayAddressSet/>"
        return status, headers, re.sub(pattern, address_set, body.decode(), flags=re.DOTALL).encode()

    return answer


def _elements(details: Mapping[str, Any]) -> Iterator[str]:
    for name, value in details.items():
        if name == "groupSet":
            items = "".join(f"<item><groupId>{group}</groupId></item>" for group in value)
            yield f"<groupSet>{items}</groupSet>"
        elif value:
            yield f"<{name}>{escape(value)}</{name}>"


def _members(params: Params, name: str) -> list[str]:
    keys = sorted((key for key in params if re.fullmatch(rf"{name}\.\d+", key)), key=lambda key: int(key.split(".")[1]))
    return [_first(params, key) for key in keys]


def _first(params: Params, name: str) -> str:
    value: Any = params.get(name, "")
    return str(cast(list[Any], value)[0] if value else "") if isinstance(value, list) else str(value)
