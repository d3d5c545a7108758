"""Functions that look up what EC2 has: zones, subnets, route tables and endpoint services.

Source: the data sources of the Terraform provider for AWS, from which the functions of pulumi-aws are made: what they answer, and
every request that they make for it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, code_of
from sandbox.plugins.aws.convert import tag_map
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import RefusedError
from sandbox.plugins.values import list_of, mapping_of

Filters = list[dict[str, Any]]


def _filters(arguments: Values, *known: str) -> Filters:
    """Return the filters that the arguments give by name, and by tags.

    Raises:
        RefusedError: an argument is neither of these, nor one of those `known`.
    """
    unknown = {name for name, value in arguments.items() if value} - {"filters", "tags", "region", *known}
    if unknown:
        raise RefusedError(f"{', '.join(sorted(unknown))}: the sandbox does not implement this argument")
    given = [
        {"Name": mapping_of(each)["name"], "Values": mapping_of(each)["values"]}
        for each in list_of(arguments.get("filters"))
    ]
    tags = mapping_of(arguments.get("tags"))
    return [*given, *({"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items())]


def availability_zones(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.get_availability_zones`."""
    filters = _filters(arguments, "state")
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    zones = cloud.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    zones = sorted(zones, key=lambda zone: zone["ZoneName"])
    return {
        "id": cloud.region,
        "region": cloud.region,
        "state": arguments.get("state"),
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone["GroupName"] for zone in zones}),
    }


def subnets(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.ec2.get_subnets`; none is no error."""
    found = cloud.client("ec2").describe_subnets(Filters=_filters(arguments))["Subnets"]
    return {"id": cloud.region, "region": cloud.region, "ids": [each["SubnetId"] for each in found]}


def subnet(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.ec2.get_subnet`, by id.

    Raises:
        RefusedError: there is none.
    """
    _filters(arguments, "id")
    ids = [arguments["id"]]
    found = _found(lambda: cloud.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"], "EC2 Subnet")
    return {
        "id": found["SubnetId"],
        "region": cloud.region,
        "vpcId": found["VpcId"],
        "cidrBlock": found["CidrBlock"],
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found["AvailabilityZoneId"],
        "tags": tag_map(found.get("Tags")),
    }


def vpc_endpoint_service(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.ec2.get_vpc_endpoint_service`, by name and type.

    Raises:
        RefusedError: the region has none.
    """
    _filters(arguments, "serviceName", "serviceType")
    filters = [{"Name": "service-type", "Values": [arguments["serviceType"]]}] if arguments.get("serviceType") else []
    names = [arguments["serviceName"]]

    def describe() -> list[Mapping[str, Any]]:
        answer = cloud.client("ec2").describe_vpc_endpoint_services(ServiceNames=names, Filters=filters)
        return answer["ServiceDetails"]

    found = _found(describe, "EC2 VPC Endpoint Service")
    return {
        "id": found["ServiceId"],
        "region": cloud.region,
        "serviceId": found["ServiceId"],
        "serviceName": found["ServiceName"],
        "serviceType": found["ServiceType"][0]["ServiceType"],
        "availabilityZones": sorted(found["AvailabilityZones"]),
        "owner": found["Owner"],
        "vpcEndpointPolicySupported": found["VpcEndpointPolicySupported"],
    }


def security_groups(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.ec2.get_security_groups`; none is no error."""
    found = cloud.client("ec2").describe_security_groups(Filters=_filters(arguments))["SecurityGroups"]
    return {
        "id": cloud.region,
        "region": cloud.region,
        "ids": [each["GroupId"] for each in found],
        "vpcIds": [each["VpcId"] for each in found],
    }


def route_table(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.ec2.get_route_table`, by subnet or by network and filters.

    Raises:
        RefusedError: there is none.
    """
    filters = _filters(arguments, "subnetId", "vpcId")
    for name, argument in (("association.subnet-id", "subnetId"), ("vpc-id", "vpcId")):
        if arguments.get(argument):
            filters.append({"Name": name, "Values": [arguments[argument]]})
    tables = cloud.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    if len(tables) != 1:
        found_too_many = (
            "multiple Route Tables matched; use additional constraints to reduce matches to a single Route Table"
        )
        nothing = "query returned no results. Please change your search criteria and try again"
        raise RefusedError(found_too_many if tables else nothing)
    (found,) = tables
    return {
        "id": found["RouteTableId"],
        "region": cloud.region,
        "routeTableId": found["RouteTableId"],
        "vpcId": found["VpcId"],
        "routes": [_route(each) for each in found["Routes"] if _is_shown(cloud, each)],
    }


def _is_shown(cloud: Aws, route: Mapping[str, Any]) -> bool:
    """Return whether the provider shows a route.

    It leaves out the local one, those of gateway endpoints, any that is propagated, and those through an interface of another
    account; it shows those through an interface that it may not look at.
    Source: hashicorp/terraform-provider-aws, internal/service/ec2/vpc_route_table_data_source.go.
    """
    gateway = route.get("GatewayId", "")
    of_an_endpoint = gateway.startswith("vpce-") and "DestinationPrefixListId" in route
    if gateway == "local" or route.get("Origin") == "EnableVgwRoutePropagation" or of_an_endpoint:
        return False
    if not route.get("NetworkInterfaceId"):
        return True
    try:
        ids = [route["NetworkInterfaceId"]]
        (interface,) = cloud.client("ec2").describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    except ClientError:
        return True
    attached_by = mapping_of(interface.get("Attachment")).get("InstanceOwnerId", interface["OwnerId"])
    return attached_by == interface["OwnerId"]


def _route(route: Mapping[str, Any]) -> Values:
    names = {
        "carrierGatewayId": "CarrierGatewayId",
        "cidrBlock": "DestinationCidrBlock",
        "coreNetworkArn": "CoreNetworkArn",
        "destinationPrefixListId": "DestinationPrefixListId",
        "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
        "gatewayId": "GatewayId",
        "instanceId": "InstanceId",
        "ipv6CidrBlock": "DestinationIpv6CidrBlock",
        "localGatewayId": "LocalGatewayId",
        "natGatewayId": "NatGatewayId",
        "networkInterfaceId": "NetworkInterfaceId",
        "transitGatewayId": "TransitGatewayId",
        "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    }
    shown = {name: route.get(member, "") for name, member in names.items()}
    to_an_endpoint = shown["gatewayId"].startswith("vpce-")
    return {
        **shown,
        "gatewayId": "" if to_an_endpoint else shown["gatewayId"],
        "vpcEndpointId": shown["gatewayId"] if to_an_endpoint else "",
    }


def vpc_endpoint(cloud: Aws, arguments: Values) -> Values:
    """Implement `aws.ec2.get_vpc_endpoint`, by network and service.

    Raises:
        RefusedError: there is none.
    """
    filters = _filters(arguments, "vpcId", "serviceName", "state")
    for name, argument in (("vpc-id", "vpcId"), ("service-name", "serviceName"), ("vpc-endpoint-state", "state")):
        if arguments.get(argument):
            filters.append({"Name": name, "Values": [arguments[argument]]})
    found = _found(
        lambda: cloud.client("ec2").describe_vpc_endpoints(Filters=filters)["VpcEndpoints"], "EC2 VPC Endpoint"
    )
    by_name = [{"Name": "prefix-list-name", "Values": [found["ServiceName"]]}]
    lists = cloud.client("ec2").describe_prefix_lists(Filters=by_name)["PrefixLists"]
    return {
        "id": found["VpcEndpointId"],
        "region": cloud.region,
        "vpcId": found["VpcId"],
        "prefixListId": next((each["PrefixListId"] for each in lists), None),
        "cidrBlocks": [block for each in lists for block in each["Cidrs"]],
        "serviceName": found["ServiceName"],
        "state": found["State"],
        "vpcEndpointType": found["VpcEndpointType"],
        "routeTableIds": found.get("RouteTableIds", []),
        "subnetIds": found.get("SubnetIds", []),
        "privateDnsEnabled": found.get("PrivateDnsEnabled", False),
        "dnsOptions": [],
    }


def _found(describe: Callable[[], list[Mapping[str, Any]]], kind: str) -> Mapping[str, Any]:
    try:
        found = describe()
    except ClientError as error:
        if code_of(error).endswith("NotFound") or code_of(error) == "InvalidServiceName":
            raise RefusedError(f"reading {kind}: {error}") from error
        raise
    if not found:
        raise RefusedError(f"no matching {kind} found")
    if len(found) > 1:
        raise RefusedError(f"multiple {kind}s matched; use additional constraints to reduce matches to a single {kind}")
    return found[0]


FUNCTIONS: Mapping[str, Callable[[Aws, Values], Values]] = {
    "aws:ec2/getRouteTable:getRouteTable": route_table,
    "aws:ec2/getSecurityGroups:getSecurityGroups": security_groups,
    "aws:ec2/getSubnet:getSubnet": subnet,
    "aws:ec2/getSubnets:getSubnets": subnets,
    "aws:ec2/getVpcEndpoint:getVpcEndpoint": vpc_endpoint,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": vpc_endpoint_service,
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
}
"""Functions by their tokens."""
