"""The local EC2 refuses to delete what something uses, and to create what a zone does not offer."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account, trust
from tests.sandbox_aws.networks import Network, function_in, network

Deletion = Callable[[Network], object]


@pytest.fixture
def net(dev: Account) -> Network:
    """A network of the test's own."""
    return network(dev)


def refusal(operation: Callable[..., object], **request: Any) -> tuple[str, str]:
    """Return code and message of the error that a request ends in."""
    with pytest.raises(ClientError) as refused:
        operation(**request)
    error: Any = refused.value.response["Error"]
    return error["Code"], error["Message"]


def held_subnet(net: Network) -> tuple[str, str]:
    return refusal(net.ec2.delete_subnet, SubnetId=net.private)


def has_dependencies(subnet: str) -> tuple[str, str]:
    return "DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted."


def test_a_subnet_is_held_by_an_endpoint_and_released_with_it(net: Network) -> None:
    endpoint = net.add_interface_endpoint("ssm")
    assert held_subnet(net) == has_dependencies(net.private)
    net.remove_endpoint(endpoint)
    net.ec2.delete_subnet(SubnetId=net.private)


def test_a_subnet_is_held_by_a_nat_gateway_and_a_network_interface(net: Network) -> None:
    gateway = net.add_nat_gateway()
    assert refusal(net.ec2.delete_subnet, SubnetId=net.public) == has_dependencies(net.public)
    net.remove_nat_gateway(gateway)
    net.ec2.delete_subnet(SubnetId=net.public)

    interface = net.ec2.create_network_interface(SubnetId=net.private)["NetworkInterface"]["NetworkInterfaceId"]
    assert held_subnet(net) == has_dependencies(net.private)
    net.ec2.delete_network_interface(NetworkInterfaceId=interface)
    net.ec2.delete_subnet(SubnetId=net.private)


def test_a_nat_gateway_fails_whose_address_another_one_has_and_holds_nothing(net: Network) -> None:
    gateway = net.add_nat_gateway()
    address, described = net.addresses[gateway], net.ec2.describe_nat_gateways
    failed = net.ec2.create_nat_gateway(SubnetId=net.public, AllocationId=address)["NatGateway"]
    (seen,) = described(NatGatewayIds=[failed["NatGatewayId"]])["NatGateways"]
    message = f"Elastic IP address [{address}] is already associated"
    assert (failed["State"], seen["State"], seen["FailureMessage"]) == ("pending", "failed", message)
    assert seen["FailureCode"] == "Resource.AlreadyAssociated"
    assert "FailureCode" not in described(NatGatewayIds=[gateway])["NatGateways"][0]
    net.remove_nat_gateway(gateway)
    net.ec2.delete_subnet(SubnetId=net.public)


def test_subnet_and_group_are_held_by_a_function(dev: Account, net: Network) -> None:
    function_in(net, dev, "holder")
    assert held_subnet(net) == has_dependencies(net.private)
    assert refusal(net.ec2.delete_security_group, GroupId=net.group)[0] == "DependencyViolation"
    dev.client("lambda").delete_function(FunctionName="holder")
    net.ec2.delete_subnet(SubnetId=net.private)
    net.ec2.delete_security_group(GroupId=net.group)


@pytest.mark.parametrize("retention", ["Retain", "Delete"])
def test_a_subnet_is_held_by_the_file_system_of_studio_even_when_its_domain_is_gone(
    dev: Account, net: Network, retention: str
) -> None:
    sagemaker = dev.client("sagemaker")
    domain = sagemaker.create_domain(
        DomainName=f"holder-{retention.lower()}",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": dev.role(f"studio-{retention}", trust=trust("sagemaker.amazonaws.com"))},
        VpcId=net.vpc,
        SubnetIds=[net.private],
    )["DomainId"]
    assert held_subnet(net) == has_dependencies(net.private)
    sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": retention})
    if retention == "Retain":
        assert held_subnet(net) == has_dependencies(net.private)
    else:
        net.ec2.delete_subnet(SubnetId=net.private)


def test_the_security_groups_of_studios_file_system_outlive_their_domain_and_hold_its_network(
    dev: Account, net: Network
) -> None:
    sagemaker, ec2 = dev.client("sagemaker"), net.ec2
    domain = sagemaker.create_domain(
        DomainName="leaver",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": dev.role("studio-leaver", trust=trust("sagemaker.amazonaws.com"))},
        VpcId=net.vpc,
        SubnetIds=[net.private],
    )["DomainId"]
    sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": "Delete"})

    def group(direction: str) -> dict[str, Any]:
        filters = [{"Name": "group-name", "Values": [f"security-group-for-{direction}-nfs-{domain}"]}]
        (found,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        return found

    inbound, outbound = group("inbound"), group("outbound")
    assert (inbound["IpPermissionsEgress"], outbound["IpPermissions"]) == ([], [])
    for rules, peer in ((inbound["IpPermissions"], outbound), (outbound["IpPermissionsEgress"], inbound)):
        assert {(rule["FromPort"], rule["ToPort"]) for rule in rules} == {(988, 988), (1018, 1023), (2049, 2049)}
        assert {pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]} == {peer["GroupId"]}
    for each in (inbound, outbound):
        assert refusal(ec2.delete_security_group, GroupId=each["GroupId"])[0] == "DependencyViolation"
    assert refusal(ec2.delete_vpc, VpcId=net.vpc)[0] == "DependencyViolation"

    # As README says under "Remove an environment".
    of_inbound = [{"Name": "group-id", "Values": [inbound["GroupId"]]}]
    rules = [
        each["SecurityGroupRuleId"]
        for each in ec2.describe_security_group_rules(Filters=of_inbound)["SecurityGroupRules"]
    ]
    ec2.revoke_security_group_ingress(GroupId=inbound["GroupId"], SecurityGroupRuleIds=rules)
    ec2.delete_security_group(GroupId=outbound["GroupId"])
    ec2.delete_security_group(GroupId=inbound["GroupId"])


def test_a_security_group_is_held_by_endpoints_and_by_rules_of_others_but_not_by_its_own(net: Network) -> None:
    held = ("DependencyViolation", f"resource {net.group} has a dependent object")
    other = net.ec2.create_security_group(GroupName="other", Description="Other", VpcId=net.vpc)["GroupId"]
    rule = [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": net.group}]},
    ]
    net.ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=rule)
    assert refusal(net.ec2.delete_security_group, GroupId=net.group) == held
    net.ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=rule)

    endpoint = net.add_interface_endpoint("kms")
    assert refusal(net.ec2.delete_security_group, GroupId=net.group) == held
    net.remove_endpoint(endpoint)
    net.ec2.delete_security_group(GroupId=net.group)


def test_a_vpc_is_deleted_when_nothing_is_left_in_it(net: Network) -> None:
    ec2 = net.ec2
    endpoint, gateway = net.add_s3_endpoint(), net.add_nat_gateway()
    held = ("DependencyViolation", f"The vpc '{net.vpc}' has dependencies and cannot be deleted.")
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [net.vpc]}])["RouteTables"]
    own = [table["RouteTableId"] for table in tables if not any(each["Main"] for each in table["Associations"])]
    for remove in (
        lambda: net.remove_nat_gateway(gateway),
        lambda: ec2.delete_subnet(SubnetId=net.public),
        lambda: ec2.delete_subnet(SubnetId=net.private),
        lambda: net.remove_endpoint(endpoint),
        lambda: ec2.delete_security_group(GroupId=net.group),
        lambda: ec2.detach_internet_gateway(InternetGatewayId=net.internet_gateway, VpcId=net.vpc),
        lambda: ec2.delete_route_table(RouteTableId=own[0]),
        lambda: ec2.delete_route_table(RouteTableId=own[1]),
    ):
        assert refusal(ec2.delete_vpc, VpcId=net.vpc) == held
        remove()
    ec2.delete_vpc(VpcId=net.vpc)


def test_an_internet_gateway_stays_while_public_addresses_use_it_and_while_it_is_attached(net: Network) -> None:
    gateway = net.add_nat_gateway()
    attached = {"InternetGatewayId": net.internet_gateway, "VpcId": net.vpc}
    code, message = refusal(net.ec2.detach_internet_gateway, **attached)
    assert code == "DependencyViolation"
    assert message.startswith(f"Network {net.vpc} has some mapped public address(es).")
    assert refusal(net.ec2.release_address, AllocationId=net.addresses[gateway])[0] == "InvalidIPAddress.InUse"
    net.remove_nat_gateway(gateway)

    code, message = refusal(net.ec2.delete_internet_gateway, InternetGatewayId=net.internet_gateway)
    assert (code, net.internet_gateway in message) == ("DependencyViolation", True)
    net.ec2.detach_internet_gateway(**attached)
    assert refusal(net.ec2.detach_internet_gateway, **attached)[0] == "Gateway.NotAttached"
    net.ec2.delete_internet_gateway(InternetGatewayId=net.internet_gateway)


def test_a_route_table_stays_while_a_subnet_uses_it(net: Network) -> None:
    held = ("DependencyViolation", f"The routeTable '{net.table}' has dependencies and cannot be deleted.")
    assert refusal(net.ec2.delete_route_table, RouteTableId=net.table) == held
    net.ec2.disassociate_route_table(AssociationId=net.association)
    net.ec2.delete_route_table(RouteTableId=net.table)


def test_the_name_of_a_zone_is_another_zone_in_another_account(endpoint_url: str, dev: Account) -> None:
    def zones(number: str) -> dict[str, str]:
        account = Account(endpoint_url, dev.certificate_authority, number)
        found = account.regional_client("ec2", "us-east-1").describe_availability_zones()["AvailabilityZones"]
        return {zone["ZoneName"]: zone["ZoneId"] for zone in found}

    one, other = zones("111111111111"), zones("222222222222")
    assert set(one) == set(other) == {f"us-east-1{letter}" for letter in "abcdef"}
    assert set(one.values()) == set(other.values()) == {f"use1-az{number}" for number in range(1, 7)}
    assert one != other


@pytest.mark.parametrize(("region", "count"), [("ap-northeast-2", 4), ("eu-west-1", 3), ("us-west-1", 2)])
def test_an_account_sees_as_many_zones_as_aws_shows_it(region: str, count: int, dev: Account) -> None:
    assert len(dev.regional_client("ec2", region).describe_availability_zones()["AvailabilityZones"]) == count


def subnet_in(ec2: Any, zone_id: str) -> tuple[str, str, dict[str, str]]:
    """Create a network with a subnet in a zone; return the ids of both, and the names of all zones by their ids."""
    zones = {each["ZoneId"]: each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"]}
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.30.0.0/24", AvailabilityZone=zones[zone_id])["Subnet"]
    return vpc, subnet["SubnetId"], zones


def test_a_constrained_zone_has_no_nat_gateway(dev: Account) -> None:
    ec2 = dev.regional_client("ec2", "ap-northeast-1")
    _, constrained, _ = subnet_in(ec2, "apne1-az3")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    code, _ = refusal(ec2.create_nat_gateway, SubnetId=constrained, AllocationId=address)
    assert code == "NotAvailableInZone"


def test_a_service_that_not_every_zone_offers_has_no_endpoint_there(dev: Account) -> None:
    ec2 = dev.regional_client("ec2", "us-east-1")
    vpc, constrained, zones = subnet_in(ec2, "use1-az3")
    name = "com.amazonaws.us-east-1.sagemaker.api"
    (service,) = ec2.describe_vpc_endpoint_services(ServiceNames=[name])["ServiceDetails"]
    assert set(service["AvailabilityZones"]) == set(zones.values()) - {zones["use1-az3"]}
    assert service["ServiceType"] == [{"ServiceType": "Interface"}]
    request = {"VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": name, "SubnetIds": [constrained]}
    code, message = refusal(ec2.create_vpc_endpoint, **request)
    assert (code, constrained in message) == ("InvalidParameter", True)


def test_an_endpoint_of_a_service_that_the_region_lacks_is_refused(net: Network) -> None:
    name = "com.amazonaws.eu-west-1.quantum"
    unknown = ("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    assert refusal(net.ec2.describe_vpc_endpoint_services, ServiceNames=[name]) == unknown
    assert refusal(net.add_interface_endpoint, service="quantum") == unknown


def test_a_service_has_one_endpoint_with_private_names_in_a_network_and_one_subnet_in_each_zone(net: Network) -> None:
    net.add_interface_endpoint("ssm")
    code, message = refusal(net.add_interface_endpoint, service="ssm")
    assert (code, "already a conflicting DNS domain" in message) == ("InvalidParameter", True)
    code, _ = refusal(net.add_interface_endpoint, service="kms", SubnetIds=[net.private, net.public])
    assert code == "DuplicateSubnetsInSameZone"
