"""The network: private where it can be, watched, and the same in every zone."""

from ipaddress import IPv4Network

import pulumi
import pytest

from tests.rendering import ZONES, Rendering, Renderings, Resource, render_stack

EVERYWHERE = {"ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "ssm", "sts"}
STUDIO_ONLY = {"events", "servicecatalog", "aws.sagemaker.eu-west-1.studio"}


def interface_endpoints(rendering: Rendering) -> dict[str, Resource]:
    """Interface endpoints by the service that they lead to, AWS's usual prefix left out."""
    return {
        endpoint.inputs["serviceName"].removeprefix("com.amazonaws.eu-west-1."): endpoint
        for endpoint in rendering.all("VpcEndpoint")
        if endpoint.inputs["vpcEndpointType"] == "Interface"
    }


def gateway_endpoint(rendering: Rendering) -> Resource:
    """The gateway endpoint of S3."""
    (endpoint,) = [each for each in rendering.all("VpcEndpoint") if each.inputs["vpcEndpointType"] == "Gateway"]
    assert endpoint.inputs["serviceName"] == "com.amazonaws.eu-west-1.s3"
    return endpoint


def test_traffic_to_s3_takes_the_gateway_endpoint_from_every_route_table(stack: Rendering) -> None:
    tables = {f"rtb-{table.name}" for table in stack.all("RouteTable")}
    assert len(tables) == 3
    assert set(gateway_endpoint(stack).inputs["routeTableIds"]) == tables


def test_every_interface_endpoint_answers_to_the_public_name(stack: Rendering) -> None:
    endpoints = interface_endpoints(stack)
    assert len(endpoints) >= 9
    assert {endpoint.inputs["privateDnsEnabled"] for endpoint in endpoints.values()} == {True}


def test_every_interface_endpoint_is_in_every_private_subnet(stack: Rendering) -> None:
    private = {f"subnet-{subnet.name}" for subnet in stack.all("Subnet") if "private" in subnet.name}
    assert len(private) == 2
    for endpoint in interface_endpoints(stack).values():
        assert set(endpoint.inputs["subnetIds"]) == private


def test_images_keys_logs_metrics_parameters_and_identities_are_reached_privately(stack: Rendering) -> None:
    assert set(interface_endpoints(stack)) >= EVERYWHERE


def test_only_an_environment_with_studio_has_the_endpoints_that_studio_calls(rendered: Renderings) -> None:
    assert set(interface_endpoints(rendered("dev"))) == EVERYWHERE | STUDIO_ONLY | {
        "sagemaker.api",
        "sagemaker.runtime",
        "secretsmanager",
    }
    for name in ("preprod", "prod"):
        assert set(interface_endpoints(rendered(name))) == EVERYWHERE | {"sagemaker.api", "sagemaker.runtime"}


def test_endpoints_let_only_the_accounts_own_principals_through(stack: Rendering) -> None:
    account = {"StringEquals": {"aws:PrincipalAccount": stack.account_id}}
    for service, endpoint in {**interface_endpoints(stack), "s3": gateway_endpoint(stack)}.items():
        if service in {"servicecatalog", "aws.sagemaker.eu-west-1.studio"}:
            assert "policy" not in endpoint.inputs
        else:
            assert endpoint.statements()["OwnPrincipals"]["Condition"] == account


def test_onboarding_roles_pass_the_endpoints_of_services_that_they_call_and_never_s3(
    rendered: Renderings,
) -> None:
    dev, prod = rendered("dev"), rendered("prod")
    passing = {
        service: endpoint.statements()["OnboardingRoles"]["Condition"]
        for service, endpoint in {**interface_endpoints(dev), "s3": gateway_endpoint(dev)}.items()
        if "policy" in endpoint.inputs and "OnboardingRoles" in endpoint.statements()
    }
    roles = [
        "arn:aws:iam::222222222222:role/analytics-preprod-project-onboarding",
        "arn:aws:iam::333333333333:role/analytics-prod-project-onboarding",
    ]
    condition = {"ArnEquals": {"aws:PrincipalArn": roles}}
    assert passing == dict.fromkeys(("monitoring", "sagemaker.api", "ssm"), condition)
    assert not [each for each in interface_endpoints(prod).values() if "OnboardingRoles" in str(each.inputs)]


def test_the_s3_endpoint_lets_requests_through_that_aws_signs_itself_and_no_others(stack: Rendering) -> None:
    statements = gateway_endpoint(stack).statements()
    assert set(statements) == {"OwnPrincipals", "ImageLayers", "CustomResourceResponses"}
    assert statements["ImageLayers"]["Resource"] == ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"]
    assert statements["CustomResourceResponses"]["Action"] == ["s3:PutObject"]


def test_only_workloads_reach_endpoints_and_only_over_https(stack: Rendering) -> None:
    rule = stack.one("SecurityGroupIngressRule", "network-endpoints-from-workload")
    assert rule.inputs["referencedSecurityGroupId"] == "sg-network-workload"
    assert (rule.inputs["ipProtocol"], rule.inputs["fromPort"], rule.inputs["toPort"]) == ("tcp", 443, 443)


def test_only_workloads_reach_workloads_and_they_reach_the_internet_over_https_only(stack: Rendering) -> None:
    group = "sg-network-workload"
    ingress = [each for each in stack.all("SecurityGroupIngressRule") if each.inputs["securityGroupId"] == group]
    assert [rule.inputs["referencedSecurityGroupId"] for rule in ingress] == [group]
    egress = [each.inputs for each in stack.all("SecurityGroupEgressRule") if each.inputs["securityGroupId"] == group]
    outside = [rule for rule in egress if rule.get("referencedSecurityGroupId") != group]
    assert [(rule["cidrIpv4"], rule["ipProtocol"], rule["fromPort"], rule["toPort"]) for rule in outside] == [
        ("0.0.0.0/0", "tcp", 443, 443)
    ]


def test_the_default_security_group_lets_nothing_in_or_out(stack: Rendering) -> None:
    group = stack.one("DefaultSecurityGroup")
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])


def test_no_subnet_assigns_public_addresses(stack: Rendering) -> None:
    assert {subnet.inputs["mapPublicIpOnLaunch"] for subnet in stack.all("Subnet")} == {False}


def test_private_subnets_reach_the_internet_through_nat_only(stack: Rendering) -> None:
    for route in stack.all("Route"):
        target = "gatewayId" if route.inputs["routeTableId"] == "rtb-network-public" else "natGatewayId"
        assert target in route.inputs
        assert not {"gatewayId", "natGatewayId"} - {target} & set(route.inputs)


def test_every_subnet_has_its_route_table(stack: Rendering) -> None:
    tables = {each.inputs["subnetId"]: each.inputs["routeTableId"] for each in stack.all("RouteTableAssociation")}
    assert tables == {
        f"subnet-{subnet.name}": "rtb-network-public" if "public" in subnet.name else f"rtb-{subnet.name}"
        for subnet in stack.all("Subnet")
    }


def test_all_traffic_is_recorded_encrypted_for_a_year(stack: Rendering) -> None:
    assert stack.one("FlowLog").inputs["trafficType"] == "ALL"
    log_group = stack.one("LogGroup", "network-flow-logs-log-group")
    assert log_group.inputs["retentionInDays"] == 365
    assert log_group.inputs["kmsKeyId"].endswith(":key/encryption-logs-key")
    assert stack.one("FlowLog").inputs["logDestination"].endswith(log_group.inputs["name"])


def test_the_role_that_writes_flow_logs_is_bounded_and_writes_nowhere_else(stack: Rendering) -> None:
    role = stack.one("iam/role:Role", "network-flow-logs-role")
    assert role.inputs["permissionsBoundary"].endswith("-boundary")
    trust = role.statements("assumeRolePolicy")["AssumeByService"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": stack.account_id}}
    write = stack.one("RolePolicy", "network-flow-logs-write-flow-logs").statements()["WriteFlowLogs"]
    group = stack.one("LogGroup", "network-flow-logs-log-group").inputs["name"]
    assert all(f"log-group:{group}" in resource for resource in write["Resource"])


@pytest.mark.parametrize(("nat", "gateways", "routes"), [("none", 0, 0), ("single", 1, 3), ("perZone", 3, 3)])
def test_nat_gateways_are_a_setting(nat: str, gateways: int, routes: int) -> None:
    rendering = render_stack("preprod", {"network": {"cidr": "10.1.0.0/16", "zones": 3, "nat": nat}})
    assert len(rendering.all("NatGateway")) == gateways
    assert len([route for route in rendering.all("Route") if "natGatewayId" in route.inputs]) == routes


def test_with_a_nat_gateway_in_each_zone_no_zone_depends_on_another() -> None:
    rendering = render_stack("preprod", {"network": {"cidr": "10.1.0.0/16", "zones": 2, "nat": "perZone"}})
    for route in (each for each in rendering.all("Route") if "natGatewayId" in each.inputs):
        zone = route.name.removeprefix("network-private-").removesuffix("-to-internet")
        assert route.inputs["natGatewayId"] == f"network-nat-{zone}"


def test_zones_are_those_that_the_region_has(stack: Rendering) -> None:
    assert {subnet.inputs["availabilityZone"] for subnet in stack.all("Subnet")} == set(ZONES[:2])


def test_more_zones_than_the_region_has_are_refused() -> None:
    with pytest.raises(pulumi.RunError, match="zones: eu-west-1 has 3; ask for no more"):
        render_stack("preprod", {"network": {"cidr": "10.1.0.0/16", "zones": 4}})


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "192.168.16.0/20"])
def test_subnets_lie_in_the_network_without_overlap_and_hold_at_least_250_addresses(cidr: str) -> None:
    rendering = render_stack("preprod", {"network": {"cidr": cidr, "zones": 3}})
    subnets = [IPv4Network(subnet.inputs["cidrBlock"]) for subnet in rendering.all("Subnet")]
    assert len(subnets) == 6
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(one.overlaps(other) for one in subnets for other in subnets if one is not other)
    assert min(subnet.num_addresses for subnet in subnets) >= 256


def test_another_zone_leaves_the_subnets_of_the_others_alone() -> None:
    def subnets(zones: int) -> dict[str, str]:
        rendering = render_stack("preprod", {"network": {"cidr": "10.1.0.0/16", "zones": zones}})
        return {subnet.name: subnet.inputs["cidrBlock"] for subnet in rendering.all("Subnet")}

    assert subnets(2).items() < subnets(3).items()


def test_an_existing_vpc_is_used_without_touching_its_routes_and_endpoints() -> None:
    network = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]}
    rendering = render_stack("preprod", {"network": network})
    made = {each.type.split(":")[-1] for each in rendering.resources if each.type.startswith(("aws:ec2", "aws:vpc"))}
    assert made == {"SecurityGroup", "SecurityGroupIngressRule", "SecurityGroupEgressRule"}
    assert rendering.one("Parameter", "parameters-network/vpc-id").inputs["value"] == "vpc-0a1b2c3d"
    subnets = rendering.one("Parameter", "parameters-network/private-subnet-ids").inputs
    assert (subnets["type"], subnets["value"]) == ("StringList", "subnet-0a1b2c3d,subnet-1a1b2c3d")

    with_group = render_stack("preprod", {"network": {**network, "securityGroupId": "sg-0a1b2c3d"}})
    assert not [each for each in with_group.resources if each.type.startswith(("aws:ec2", "aws:vpc"))]
    assert with_group.one("Parameter", "parameters-network/workload-security-group-id").inputs["value"] == "sg-0a1b2c3d"


def test_functions_run_in_two_zones(rendered: Renderings) -> None:
    functions = rendered("dev").all("Function")
    assert [len(each.inputs["vpcConfig"]["subnetIds"]) for each in functions] == [2, 2]
