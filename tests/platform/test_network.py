"""The network: private where it can be, watched, and the same in every zone."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pytest

from tests.decisions import Request, permits
from tests.rendering import INVOKES, ZONES, RefusedError, Rendering, Renderings, Resource, render_stack

STUDIO = {
    "aws.sagemaker.eu-west-1.studio",
    "logs",
    "monitoring",
    "sagemaker.api",
    "sagemaker.runtime",
    "servicecatalog",
    "ssm",
    "sts",
}
"""Services that people in Studio call, and Studio itself."""
FORMER = {"ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "sagemaker.api", "sagemaker.runtime", "ssm", "sts"}
"""Services that had endpoints everywhere before there was a choice."""
FORMER_STUDIO = {"aws.sagemaker.eu-west-1.studio", "events", "secretsmanager", "servicecatalog"}
GITHUB = {
    "organization": "acme",
    "organizationId": 1,
    "repository": "mlops-platform",
    "repositoryId": 2,
    "platformUser": "mlops-bot",
}
CIDR = {"cidr": "10.1.0.0/16"}
AT_GITHUB = ("analytics-dev-deployment-trigger", "analytics-dev-template-cloner")
"""The functions that call GitHub."""


@pytest.fixture(params=["dev", "preprod"])
def closed(request: pytest.FixtureRequest, rendered: Renderings) -> Rendering:
    """A stack whose network has endpoints and no way to the internet."""
    return rendered(request.param, {"network": {**CIDR, "privateAccess": "endpoints"}})


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
    assert len(tables) == len(stack.all("RouteTable")) >= 2
    assert set(gateway_endpoint(stack).inputs["routeTableIds"]) == tables


@pytest.mark.parametrize("stack", ["dev", "preprod"])
@pytest.mark.parametrize(
    ("network", "gateways", "has_endpoints"),
    [
        ({"privateAccess": "nat"}, 1, False),
        ({"privateAccess": "nat", "nat": "perZone"}, 2, False),
        ({"privateAccess": "endpoints"}, 0, True),
        ({"privateAccess": "both"}, 1, True),
    ],
)
def test_private_access_is_one_decision(
    stack: str, network: dict[str, str], gateways: int, has_endpoints: bool, rendered: Renderings
) -> None:
    rendering = rendered(stack, {"network": {**CIDR, **network}})
    assert len(rendering.all("NatGateway")) == len(rendering.all("Eip")) == gateways
    assert bool(interface_endpoints(rendering)) == has_endpoints
    assert len([each for each in rendering.all("Route") if "natGatewayId" in each.inputs]) == 2 * bool(gateways)
    assert gateway_endpoint(rendering).inputs["routeTableIds"]


@pytest.mark.parametrize(
    ("network", "public"),
    [
        ({"privateAccess": "none"}, False),
        ({"privateAccess": "endpoints"}, False),
        ({"privateAccess": "nat"}, True),
        ({"privateAccess": "both"}, True),
        ({}, False),
        ({"nat": "none"}, True),
    ],
)
def test_only_a_network_with_nat_gateways_has_an_internet_gateway_and_public_subnets(
    network: dict[str, str], public: bool, rendered: Renderings
) -> None:
    """And one from before there was a choice, which keeps what it has."""
    rendering = rendered("preprod", {"network": {**CIDR, **network}})
    assert len(rendering.all("InternetGateway")) == public
    assert len([each for each in rendering.all("Route") if "gatewayId" in each.inputs]) == public
    of_zones = [
        "private-eu-west-1a",
        "private-eu-west-1b",
        *(["public-eu-west-1a", "public-eu-west-1b"] if public else []),
    ]
    assert sorted(each.name for each in rendering.all("Subnet")) == [f"network-{each}" for each in of_zones]
    assert len(rendering.all("RouteTableAssociation")) == len(of_zones)
    assert len(rendering.all("RouteTable")) == 2 + public


def test_the_addresses_of_public_subnets_are_kept_for_them(rendered: Renderings) -> None:
    def blocks(access: str) -> dict[str, str]:
        rendering = rendered("preprod", {"network": {**CIDR, "privateAccess": access}})
        return {subnet.name: subnet.inputs["cidrBlock"] for subnet in rendering.all("Subnet")}

    assert blocks("none").items() < blocks("nat").items()
    assert blocks("nat")["network-public-eu-west-1a"] == "10.1.128.0/20"


def test_by_default_development_has_one_nat_gateway_and_the_other_accounts_no_way_out(rendered: Renderings) -> None:
    for stack, gateways in (("dev", 1), ("preprod", 0), ("prod", 0)):
        for rendering in (rendered(stack), rendered(stack, {"network": CIDR})):
            assert len(rendering.all("NatGateway")) == gateways
            assert interface_endpoints(rendering) == {}
            assert not [each for each in rendering.all("SecurityGroup") if "endpoints" in each.name]


def functions_inside(rendering: Rendering) -> dict[str, int]:
    """Return the number of subnets of each function that stands in the network, by its name."""
    return {
        each.inputs["name"]: len(each.inputs["vpcConfig"]["subnetIds"])
        for each in rendering.all("Function")
        if each.inputs.get("vpcConfig")
    }


def test_there_are_endpoints_of_exactly_what_is_called_from_the_network(rendered: Renderings) -> None:
    closed = {"network": {**CIDR, "privateAccess": "endpoints"}}
    assert set(interface_endpoints(rendered("dev", closed))) == STUDIO
    assert set(interface_endpoints(rendered("preprod", closed))) == {"sagemaker.runtime"}


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("perZone", 2)])
def test_a_network_from_before_there_was_a_choice_keeps_what_it_has(
    nat: str, gateways: int, rendered: Renderings
) -> None:
    before = {"network": {**CIDR, "nat": nat}}
    preprod = rendered("preprod", before)
    assert set(interface_endpoints(preprod)) == FORMER
    assert len(preprod.all("NatGateway")) == gateways
    if gateways:
        dev = rendered("dev", before)
        assert set(interface_endpoints(dev)) == FORMER | FORMER_STUDIO
        assert len(dev.all("NatGateway")) == gateways
        assert functions_inside(dev) == dict.fromkeys(AT_GITHUB, 2)


def test_a_network_with_endpoints_whose_settings_say_nothing_of_them_is_left_alone() -> None:
    def groups(arguments: Mapping[str, Any]) -> dict[str, Any]:
        assert arguments["filters"] == [{"name": "tag:Name", "values": ["analytics-preprod-endpoints"]}]
        return {"id": "eu-west-1", "ids": ["sg-1"], "vpcIds": ["vpc-1"]}

    invokes = {**INVOKES, "aws:ec2/getSecurityGroups:getSecurityGroups": groups}
    declared: list[Resource] = []
    with pytest.raises(pulumi.RunError, match=r"write network.nat: single to keep all that it has, or choose"):
        render_stack("preprod", {"network": CIDR}, invokes=invokes, declared=declared)
    assert [each.type for each in declared] == ["pulumi:providers:aws"]
    render_stack("preprod", {"network": {**CIDR, "privateAccess": "none"}}, invokes=invokes)


def test_endpoints_in_a_region_that_lacks_a_service_are_refused_before_anything_is_created() -> None:
    def service(arguments: Mapping[str, Any]) -> dict[str, Any]:
        if arguments["serviceName"].endswith("servicecatalog"):
            raise RefusedError("no matching EC2 VPC Endpoint Service found")
        return INVOKES["aws:ec2/getVpcEndpointService:getVpcEndpointService"](arguments)

    invokes = {**INVOKES, "aws:ec2/getVpcEndpointService:getVpcEndpointService": service}
    declared: list[Resource] = []
    with pytest.raises(
        pulumi.RunError, match=r"eu-west-1 has no private endpoint of servicecatalog.*privateAccess: nat"
    ):
        render_stack("dev", {"network": {**CIDR, "privateAccess": "endpoints"}}, invokes=invokes, declared=declared)
    assert [each.type for each in declared] == ["pulumi:providers:aws"]
    render_stack("dev", {"network": {**CIDR, "privateAccess": "nat"}}, invokes=invokes)


def test_functions_stand_in_the_network_only_to_reach_github_from_there(rendered: Renderings) -> None:
    assert functions_inside(rendered("dev")) == {}
    own = {**GITHUB, "serverUrl": "https://github.example.com", "throughNetwork": True}
    inside = rendered("dev", {"github": own, "network": {**CIDR, "privateAccess": "endpoints"}})
    assert functions_inside(inside) == dict.fromkeys(AT_GITHUB, 2)
    called = {"cloudformation", "lambda", "secretsmanager"}
    assert set(interface_endpoints(inside)) == STUDIO | called


def test_a_function_outside_of_the_network_may_not_make_network_interfaces(rendered: Renderings) -> None:
    for name in ("template-cloner", "deployment-trigger"):
        (role,) = [each for each in rendered("dev").all("iam/role:Role") if each.inputs["name"].endswith(name)]
        policies = [each for each in rendered("dev").all("RolePolicy") if each.inputs["role"] == role.inputs["name"]]
        assert policies
        assert not [each for each in policies if "ec2:" in each.inputs["policy"]]


def test_every_interface_endpoint_answers_to_the_public_name(closed: Rendering) -> None:
    endpoints = interface_endpoints(closed)
    assert endpoints
    assert {endpoint.inputs["privateDnsEnabled"] for endpoint in endpoints.values()} == {True}


def test_every_interface_endpoint_is_in_every_private_subnet(closed: Rendering) -> None:
    private = {f"subnet-{subnet.name}" for subnet in closed.all("Subnet") if "private" in subnet.name}
    assert len(private) == 2
    for endpoint in interface_endpoints(closed).values():
        assert set(endpoint.inputs["subnetIds"]) == private


def test_endpoints_let_only_the_accounts_own_principals_through(closed: Rendering) -> None:
    account = {"StringEquals": {"aws:PrincipalAccount": closed.account_id}}
    for service, endpoint in {**interface_endpoints(closed), "s3": gateway_endpoint(closed)}.items():
        if service in {"servicecatalog", "aws.sagemaker.eu-west-1.studio"}:
            assert "policy" not in endpoint.inputs
        else:
            assert set(endpoint.statements()) == {"OwnPrincipals"}
            assert endpoint.statements()["OwnPrincipals"]["Condition"] == account


def asked_of_s3(action: str, **keys: str) -> Request:
    """A request to S3 about somebody else's bucket, of nobody unless `keys` say of whom."""
    resource = "arn:aws:s3:::of-somebody" if action == "s3:ListBucket" else "arn:aws:s3:::of-somebody/data.csv"
    return Request(principal="anonymous", action=action, resource=resource, keys=keys)


@pytest.mark.parametrize("stack", ["dev", "preprod"])
@pytest.mark.parametrize(
    ("network", "open_to_reads"),
    [
        ({"privateAccess": "nat"}, True),
        ({"privateAccess": "both"}, True),
        ({"nat": "single"}, True),
        ({"privateAccess": "endpoints"}, False),
    ],
)
def test_where_data_can_leave_anyway_the_s3_endpoint_lets_everybody_read_and_only_the_account_write(
    stack: str, network: dict[str, str], open_to_reads: bool, rendered: Renderings
) -> None:
    """All traffic to S3 takes the endpoint: unsigned reads of public data, and addresses that somebody else signed."""
    rendering = rendered(stack, {"network": {**CIDR, **network}})
    document = {"Statement": list(gateway_endpoint(rendering).statements().values())}
    own = {"aws:PrincipalAccount": rendering.account_id}
    signers: list[dict[str, str]] = [{}, {"aws:PrincipalAccount": "999999999999"}]
    for signed_by in signers:
        for action in ("s3:GetObject", "s3:ListBucket"):
            assert permits(document, asked_of_s3(action, **signed_by)) == open_to_reads
        assert not permits(document, asked_of_s3("s3:PutObject", **signed_by))
    for action in ("s3:GetObject", "s3:ListBucket", "s3:PutObject"):
        assert permits(document, asked_of_s3(action, **own))


def test_the_s3_endpoint_lets_requests_through_that_aws_signs_itself_only_where_something_makes_them(
    stack: Rendering, rendered: Renderings
) -> None:
    reads = {"ReadObjectsAsAnybody", "ListBucketsAsAnybody"} if stack.all("NatGateway") else set[str]()
    assert set(gateway_endpoint(stack).statements()) == {"OwnPrincipals", *reads}
    through = {"github": {**GITHUB, "throughNetwork": True}, "network": {**CIDR, "privateAccess": "nat"}}
    statements = gateway_endpoint(rendered("dev", through)).statements()
    assert statements["CustomResourceResponses"]["Action"] == ["s3:PutObject"]
    # The functions of its projects are in development.
    in_preprod = gateway_endpoint(rendered("preprod", through)).statements()
    assert set(statements) - set(in_preprod) == {"CustomResourceResponses"}


def test_the_s3_endpoint_of_a_network_from_before_there_was_a_choice_lets_through_what_it_did(
    rendered: Renderings,
) -> None:
    statements = gateway_endpoint(rendered("preprod", {"network": {**CIDR, "nat": "none"}})).statements()
    assert set(statements) == {"OwnPrincipals", "ImageLayers", "CustomResourceResponses"}
    assert statements["ImageLayers"]["Resource"] == ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"]


def admitted_to_endpoints(rendering: Rendering) -> list[tuple[str, str]]:
    """Names of the rules of the endpoints' group, with the group or the addresses that they admit, all of them by HTTPS."""
    rules = [
        each for each in rendering.all("SecurityGroupIngressRule") if "endpoints" in each.inputs["securityGroupId"]
    ]
    ports = {(each.inputs["ipProtocol"], each.inputs["fromPort"], each.inputs["toPort"]) for each in rules}
    assert ports == {("tcp", 443, 443)}
    found = [(each.name, each.inputs.get("referencedSecurityGroupId") or each.inputs["cidrIpv4"]) for each in rules]
    return sorted(found, key=lambda rule: rule[1])


WORKLOAD = ("network-endpoints-from-workload", "sg-network-workload")
"""The rule that admits the group of everything, or of everything but jobs."""
JOBS = ("network-endpoints-from-jobs", "sg-network-jobs")


def test_only_workloads_reach_endpoints_and_only_over_https(closed: Rendering) -> None:
    studio = bool(closed.all("sagemaker/domain:Domain"))
    assert admitted_to_endpoints(closed) == ([JOBS, WORKLOAD] if studio else [WORKLOAD])


@pytest.mark.parametrize("access", ["endpoints", "both"])
def test_callers_in_connected_networks_reach_the_endpoint_of_deployed_models(access: str, rendered: Renderings) -> None:
    network = {**CIDR, "privateAccess": access, "connectedCidrs": ["10.16.0.0/16", "192.168.7.0/24"]}
    callers = [(f"network-endpoints-from-{cidr}", cidr) for cidr in ("10.16.0.0/16", "192.168.7.0/24")]
    assert admitted_to_endpoints(rendered("preprod", {"network": network})) == [*callers, WORKLOAD]
    # Nobody calls development from another network.
    assert admitted_to_endpoints(rendered("dev", {"network": network})) == [JOBS, WORKLOAD]


@pytest.mark.parametrize("network", [{"nat": "none"}, {"nat": "single"}])
def test_the_endpoints_of_a_network_from_before_there_was_a_choice_admit_whom_they_did(
    network: dict[str, str], rendered: Renderings
) -> None:
    before = rendered("preprod", {"network": {**CIDR, **network, "connectedCidrs": ["10.16.0.0/16"]}})
    assert admitted_to_endpoints(before) == [WORKLOAD]


def test_connected_networks_are_admitted_to_nothing_where_there_are_no_endpoints(rendered: Renderings) -> None:
    for access in ("none", "nat"):
        network = {**CIDR, "privateAccess": access, "connectedCidrs": ["10.16.0.0/16"]}
        rules = rendered("preprod", {"network": network}).all("SecurityGroupIngressRule")
        assert [each.name for each in rules] == ["network-workload-from-itself"]


def ways_of(group: str, rendering: Rendering) -> tuple[list[object], list[object]]:
    """Return what a security group admits, and where its members get: groups, or addresses with their ports."""
    ingress, egress = (
        [each.inputs for each in rendering.all(f"SecurityGroup{kind}Rule") if each.inputs["securityGroupId"] == group]
        for kind in ("Ingress", "Egress")
    )
    return [rule["referencedSecurityGroupId"] for rule in ingress], [
        rule.get("referencedSecurityGroupId")
        or (rule["cidrIpv4"], rule["ipProtocol"], rule["fromPort"], rule["toPort"])
        for rule in egress
    ]


HTTPS = ("0.0.0.0/0", "tcp", 443, 443)


def test_only_workloads_reach_workloads_and_they_reach_the_internet_over_https_only(rendered: Renderings) -> None:
    for environment in ("preprod", "prod"):
        group = "sg-network-workload"
        assert ways_of(group, rendered(environment)) == ([group], [HTTPS, group])


def test_nothing_reaches_the_apps_of_studio_neither_jobs_nor_the_apps_of_other_people(rendered: Renderings) -> None:
    dev = rendered("dev")
    (group,) = dev.one("sagemaker/domain:Domain").inputs["defaultUserSettings"]["securityGroups"]
    assert ways_of(group, dev) == ([], [HTTPS])
    # The groups of a profile would be added to those of its domain.
    profiles = dev.all("sagemaker/userProfile:UserProfile")
    assert [each.name for each in profiles if "securityGroups" in each.inputs["userSettings"]] == []


def test_jobs_of_projects_and_people_are_in_a_group_apart_from_studios(rendered: Renderings) -> None:
    dev = rendered("dev")
    jobs = dev.one("Parameter", "parameters-network/workload-security-group-id").inputs["value"]
    assert jobs == "sg-network-jobs"
    assert ways_of(jobs, dev) == ([jobs], [HTTPS, jobs])


def test_a_deployed_domain_keeps_its_group_which_loses_its_rules(rendered: Renderings) -> None:
    """A domain is never updated, and another description would replace the group."""
    group = rendered("dev").one("ec2/securityGroup:SecurityGroup", "network-workload")
    assert (group.inputs["description"], group.inputs["tags"]["Name"]) == (
        "Everything that the platform runs",
        "analytics-dev-workload",
    )


def test_functions_in_the_network_are_where_nothing_reaches_them(rendered: Renderings) -> None:
    dev = rendered("dev", {"network": {**CIDR, "nat": "single"}})
    groups = [
        each.inputs["vpcConfig"]["securityGroupIds"]
        for each in dev.all("lambda/function:Function")
        if each.inputs.get("vpcConfig")
    ]
    assert groups
    assert {group for each in groups for group in each} == {"sg-network-workload"}


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


@pytest.mark.parametrize(("nat", "gateways"), [("single", 1), ("perZone", 3)])
def test_every_zone_has_a_way_to_a_nat_gateway(nat: str, gateways: int) -> None:
    network = {**CIDR, "zones": 3, "privateAccess": "nat", "nat": nat}
    rendering = render_stack("preprod", {"network": network})
    assert len(rendering.all("NatGateway")) == gateways
    assert len([route for route in rendering.all("Route") if "natGatewayId" in route.inputs]) == 3


def test_with_a_nat_gateway_in_each_zone_no_zone_depends_on_another() -> None:
    rendering = render_stack("preprod", {"network": {**CIDR, "privateAccess": "nat", "nat": "perZone"}})
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
    rendering = render_stack("preprod", {"network": {"cidr": cidr, "zones": 3, "privateAccess": "nat"}})
    subnets = [IPv4Network(subnet.inputs["cidrBlock"]) for subnet in rendering.all("Subnet")]
    assert len(subnets) == 6
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(one.overlaps(other) for one in subnets for other in subnets if one is not other)
    assert min(subnet.num_addresses for subnet in subnets) >= 256


def test_another_zone_leaves_the_subnets_of_the_others_alone() -> None:
    def subnets(zones: int) -> dict[str, str]:
        rendering = render_stack(
            "preprod", {"network": {"cidr": "10.1.0.0/16", "zones": zones, "privateAccess": "nat"}}
        )
        return {subnet.name: subnet.inputs["cidrBlock"] for subnet in rendering.all("Subnet")}

    assert subnets(2).items() < subnets(3).items()
