"""MiniStack's EC2."""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox.aws.ministack import modules

Parameters = dict[str, list[str]]
Operation = Callable[[Parameters], Any]

vpcs: Any = modules.ec2._vpcs
subnets: Any = modules.ec2._subnets
security_groups: Any = modules.ec2._security_groups
vpc_endpoints: Any = modules.ec2._vpc_endpoints
nat_gateways: Any = modules.ec2._nat_gateways
addresses: Any = modules.ec2._addresses
internet_gateways: Any = modules.ec2._internet_gateways
network_interfaces: Any = modules.ec2._network_interfaces
route_tables: Any = modules.ec2._route_tables
_tags: Any = modules.ec2._tags

MINISTACK_TYPES: Mapping[str, str] = {"flow-log": "vpc-flow-log"}
"""By the type of a resource as MiniStack calls it: as AWS does, and requests' tag specifications."""


def first(params: Parameters, name: str) -> str:
    """Return a parameter of a request; empty without it."""
    value: Any = params.get(name, "")
    return str(cast(list[Any], value)[0] if value else "") if isinstance(value, list) else str(value)


def members(params: Parameters, name: str) -> list[str]:
    """Return the members of a list of a request, in their order."""
    keys = sorted((key for key in params if re.fullmatch(rf"{name}\.\d+", key)), key=lambda key: int(key.split(".")[1]))
    return [first(params, key) for key in keys]


def tags_of(identifier: str) -> list[dict[str, str]]:
    """Return the tags of a resource of the current account and region."""
    return _tags.get(identifier, [])


def answer(operation: str, elements: str) -> Any:
    """Return the answer of an operation, of elements in XML."""
    return modules.ec2._xml(200, f"{operation}Response", elements)


def refusal(code: str, message: str) -> Any:
    """Return an error."""
    return modules.ec2._error(code, message, 400)


def zone_id_prefix(region: str) -> str:
    """Return the beginning of the ids of a region's zones, such as `euw1`."""
    return modules.ec2._az_id_prefix(region)


def identify_zones(zone_id: Callable[[str], str]) -> None:
    """Let `zone_id` map the names of zones to ids."""
    modules.ec2._az_id_for_zone_name = zone_id


def filters(params: Parameters) -> Mapping[str, list[str]]:
    """Return the filters of a request, by name."""
    return modules.ec2._parse_filters(params)


def intercept(operation: str, answer: Callable[[Parameters, Operation], Any]) -> None:
    """Let `answer` answer an operation; its last argument is MiniStack's own answer."""
    own: Operation = modules.ec2._ACTION_MAP[operation]

    def answer_operation(params: Parameters) -> Any:
        return answer(params, own)

    modules.ec2._ACTION_MAP[operation] = answer_operation


def own_request(operation: str, params: Mapping[str, str]) -> str:
    """Return the answer, in XML, of a request that an AWS service makes by itself."""
    _, _, body = modules.ec2._ACTION_MAP[operation]({name: [value] for name, value in params.items()})
    return str(body.decode())


def describe_more(
    remember: Callable[[str, str, Parameters], None],
    describe: Callable[[str], str],
) -> None:
    """Complete the descriptions of resources.

    `remember` gets the type and the id of each new resource and the request that made it; `describe` gets the id of one
    that is described, and returns further elements in XML.
    """
    parse = modules.ec2._parse_tag_specs
    tag_set = modules.ec2._tag_set_xml

    def parse_tag_specs(params: Any, kind: str, identifier: str) -> Any:
        kind = MINISTACK_TYPES.get(kind, kind)
        remember(kind, identifier, params)
        return parse(params, kind, identifier)

    def tag_set_xml(identifier: str) -> str:
        # Every description of a resource ends with its tags.
        return tag_set(identifier) + describe(identifier)

    modules.ec2._parse_tag_specs = parse_tag_specs
    modules.ec2._tag_set_xml = tag_set_xml
