"""A network that exists already: used as it is, and refused where it leads nowhere."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest

from tests.rendering import INVOKES, RefusedError, Resource, render_stack


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


TWO = {"securityGroupId": "sg-0a1b2c3d", "jobSecurityGroupId": "sg-1a1b2c3d"}


@pytest.mark.parametrize(
    ("groups", "apps", "jobs", "made"),
    [
        ({}, "sg-network-workload", "sg-network-jobs", 2),
        (TWO, "sg-0a1b2c3d", "sg-1a1b2c3d", 0),
        ({"securityGroupId": "sg-0a1b2c3d"}, "sg-0a1b2c3d", "sg-0a1b2c3d", 0),
    ],
    ids=["of the platform's own", "two given", "one given, as before"],
)
def test_studio_and_jobs_have_a_group_each_in_an_existing_network(
    groups: dict[str, str], apps: str, jobs: str, made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    network = {**EXISTING["network"], **groups, "reachesAws": True}
    dev = render_stack("dev", {"network": network}, invokes=existing())
    assert dev.one("sagemaker/domain:Domain").inputs["defaultUserSettings"]["securityGroups"] == [apps]
    assert dev.one("Parameter", "parameters-network/workload-security-group-id").inputs["value"] == jobs
    assert len(dev.all("ec2/securityGroup:SecurityGroup")) == made
    assert [each.inputs["securityGroupId"] for each in dev.all("SecurityGroupIngressRule")] == [jobs] * bool(made)
    expected = "the group of Studio's apps and of jobs, too. .* another group for jobs by network.jobSecurityGroupId"
    assert [bool(re.search(expected, each)) for each in warnings] == [True] * (apps == jobs)


def existing(
    *,
    endpoints: Sequence[str] = (),
    gateway_tables: Sequence[str] = (),
    target: Mapping[str, str] | None = None,
    private_dns: bool = True,
    only_for_resolver: bool = False,
    twice: Sequence[str] = (),
) -> Mapping[str, Any]:
    """Invokes of an account with a network whose subnets have tables of their own, with a default route to `target`.

    It has interface endpoints of some services, two of those named `twice`, and a gateway endpoint of S3 in some tables.
    """

    def table(arguments: Mapping[str, Any]) -> dict[str, Any]:
        route = {"cidrBlock": "0.0.0.0/0", "gatewayId": "", **(target or {})}
        name = f"rtb-{arguments['subnetId'].removeprefix('subnet-')}"
        return {"id": name, "routeTableId": name, "routes": [route] if target else []}

    def endpoint(arguments: Mapping[str, Any]) -> dict[str, Any]:
        service = arguments["serviceName"].removeprefix("com.amazonaws.eu-west-1.")
        kind = arguments["filters"][0]["values"][0]
        if f"{kind} {service}" in twice:
            raise RefusedError(
                "multiple EC2 VPC Endpoints matched; use additional constraints to reduce matches to a single EC2 VPC Endpoint"
            )
        if (service in endpoints and kind == "Interface") or (service == "s3" and kind == "Gateway" and gateway_tables):
            dns = {
                "dnsRecordIpType": "ipv4",
                "privateDnsOnlyForInboundResolverEndpoint": only_for_resolver,
                "privateDnsPreference": "",
                "privateDnsSpecifiedDomains": list[str](),
            }
            return {
                "id": "vpce-1",
                "routeTableIds": list(gateway_tables),
                "privateDnsEnabled": private_dns,
                "dnsOptions": [dns],
            }
        raise RefusedError("no matching EC2 VPC Endpoint found")

    return {
        **INVOKES,
        "aws:ec2/getRouteTable:getRouteTable": table,
        "aws:ec2/getVpcEndpoint:getVpcEndpoint": endpoint,
    }


EXISTING = {"network": {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]}}
TABLES = ["rtb-0a1b2c3d", "rtb-1a1b2c3d"]


@pytest.mark.parametrize(
    ("stack", "there", "missing"),
    [
        ("dev", {}, "s3, sagemaker.api, sagemaker.runtime"),
        ("dev", {"target": {"gatewayId": "igw-1"}}, "s3, sagemaker.api, sagemaker.runtime"),
        ("dev", {"gateway_tables": TABLES, "endpoints": ["sagemaker.api"]}, "sagemaker.runtime"),
        ("preprod", {"gateway_tables": TABLES[:1]}, "s3"),
        (
            "dev",
            {"gateway_tables": TABLES, "endpoints": ["sagemaker.api", "sagemaker.runtime"], "private_dns": False},
            "sagemaker.api, sagemaker.runtime",
        ),
        ("preprod", {"endpoints": ["s3"], "private_dns": False}, "s3"),
        ("preprod", {"endpoints": ["s3"], "only_for_resolver": True}, "s3"),
    ],
)
def test_an_existing_network_without_a_way_out_is_refused_before_anything_is_created(
    stack: str, there: dict[str, Any], missing: str
) -> None:
    declared: list[Resource] = []
    with pytest.raises(pulumi.RunError, match=f"of vpc-0a1b2c3d have no way to {missing};"):
        render_stack(stack, EXISTING, invokes=existing(**there), declared=declared)
    assert [each.type for each in declared] == ["pulumi:providers:aws"]


def test_the_owner_of_an_existing_network_vouches_for_a_way_that_cannot_be_looked_up() -> None:
    """The provider shows no route that a VPN or Direct Connect propagates."""
    with pytest.raises(pulumi.RunError, match=r"VPN or Direct Connect propagates .*, write network.reachesAws: true"):
        render_stack("dev", EXISTING, invokes=existing())
    vouched = {"network": {**EXISTING["network"], "reachesAws": True}}
    assert render_stack("dev", vouched, invokes=existing()).exports["vpcId"] == "vpc-0a1b2c3d"


@pytest.mark.parametrize(
    ("stack", "there"),
    [
        ("dev", {"target": {"natGatewayId": "nat-1"}}),
        ("dev", {"target": {"transitGatewayId": "tgw-1"}}),
        ("dev", {"gateway_tables": TABLES, "endpoints": ["sagemaker.api", "sagemaker.runtime"]}),
        ("preprod", {"gateway_tables": TABLES}),
        ("preprod", {"endpoints": ["s3"]}),
    ],
)
def test_an_existing_network_with_one_way_out_is_accepted(stack: str, there: dict[str, Any]) -> None:
    assert render_stack(stack, EXISTING, invokes=existing(**there)).exports["vpcId"] == "vpc-0a1b2c3d"


@pytest.mark.parametrize(
    ("stack", "there", "several"),
    [
        ("preprod", {"twice": ["Gateway s3"]}, "gateway endpoints of s3"),
        (
            "dev",
            {"gateway_tables": TABLES, "endpoints": ["sagemaker.runtime"], "twice": ["Interface sagemaker.api"]},
            "interface endpoints of sagemaker.api",
        ),
    ],
)
def test_several_endpoints_of_one_service_are_trusted_and_named_in_one_line(
    stack: str, there: dict[str, Any], several: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network may have them, such as one of S3 for each route table, and the provider then shows none."""
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    render_stack(stack, EXISTING, invokes=existing(**there))
    (warning,) = warnings
    assert f"vpc-0a1b2c3d has several {several};" in warning
    assert "\n" not in warning
