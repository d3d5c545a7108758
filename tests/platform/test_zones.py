"""A network's zones offer what it needs, and a network that stands is not moved by the choice of them."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any, Literal

import pulumi
import pytest

from components.network.zones import WITHOUT_CURRENT_INSTANCES, WITHOUT_NAT, ZoneChoice, ZonesError
from tests.rendering import INVOKES, Rendering, render_stack

CIDR = IPv4Network("10.16.0.0/16")
ZONE_IDS = {
    f"us-east-1{letter}": f"use1-az{number}" for letter, number in zip("abcdef", (3, 1, 2, 4, 5, 6), strict=True)
}
"""Zones of an account in which the first by name is the one without instances of current types."""
IN_TOKYO = {"ap-northeast-1a": "apne1-az3", "ap-northeast-1c": "apne1-az1", "ap-northeast-1d": "apne1-az2"}
"""Zones of an account in which the first by name is the one without NAT gateways."""
Nat = Literal["none", "single", "perZone"]
NATS: tuple[Nat, ...] = ("none", "single", "perZone")


def choice(standing: Mapping[str, str] | None = None, offers: Mapping[str, Sequence[str]] | None = None) -> ZoneChoice:
    """The zones of us-east-1, where subnets are `standing`; zones by the last letters of their names."""
    return ZoneChoice(
        region="us-east-1",
        nat="single",
        zone_ids=ZONE_IDS,
        standing={f"us-east-1{letter}": IPv4Network(cidr) for letter, cidr in (standing or {}).items()},
        offers={name: frozenset(f"us-east-1{each}" for each in zones) for name, zones in (offers or {}).items()},
    )


def in_tokyo(nat: Nat, standing: Mapping[str, str] | None = None) -> ZoneChoice:
    """The zones of ap-northeast-1, where subnets are `standing`, for a network that wants such NAT gateways."""
    there = {f"ap-northeast-1{letter}": IPv4Network(cidr) for letter, cidr in (standing or {}).items()}
    return ZoneChoice(region="ap-northeast-1", nat=nat, zone_ids=IN_TOKYO, standing=there)


def test_every_zone_that_is_passed_over_has_a_report() -> None:
    reports = [*WITHOUT_NAT.values(), *WITHOUT_CURRENT_INSTANCES.values()]
    assert reports
    assert all(report.startswith("https://") for report in reports)


def test_a_zone_without_instances_of_current_types_is_passed_over_and_may_be_named() -> None:
    assert choice().zones(CIDR, count=2) == {"us-east-1b": 0, "us-east-1c": 1}
    named = choice().zones(CIDR, count=2, named=["use1-az3", "use1-az1"])
    assert named == {"us-east-1a": 0, "us-east-1b": 1}


@pytest.mark.parametrize("nat", NATS)
def test_a_zone_without_nat_gateways_is_passed_over_whatever_is_wanted_now(nat: Nat) -> None:
    assert in_tokyo(nat).zones(CIDR, count=2) == {"ap-northeast-1c": 0, "ap-northeast-1d": 1}
    with pytest.raises(
        ZonesError, match=r"network.zones: ap-northeast-1 has 2 that offer NAT gateways; ask for no more"
    ):
        in_tokyo(nat).zones(CIDR, count=3)


def test_a_zone_without_nat_gateways_may_be_named_where_it_needs_none_of_its_own() -> None:
    named = ["apne1-az3", "apne1-az1"]
    for nat in ("none", "single"):
        # The first zone has the gateway of all.
        assert list(in_tokyo(nat).zones(CIDR, count=2, named=named)) == ["ap-northeast-1c", "ap-northeast-1a"]
    with pytest.raises(ZonesError, match=r"ap-northeast-1a \(apne1-az3\) does not offer NAT gateways: .*zoneIds"):
        in_tokyo("perZone").zones(CIDR, count=2, named=named)


def test_a_zone_that_stands_without_nat_gateways_is_checked_when_they_are_wanted() -> None:
    standing = {"a": "10.16.0.0/20", "c": "10.16.16.0/20"}
    for nat in ("none", "single"):
        zones = in_tokyo(nat, standing).zones(CIDR, count=2)
        assert list(zones.items()) == [("ap-northeast-1c", 1), ("ap-northeast-1a", 0)]
    with pytest.raises(ZonesError, match=r"ap-northeast-1a \(apne1-az3\) does not offer NAT gateways"):
        in_tokyo("perZone", standing).zones(CIDR, count=2)


def test_zones_offer_every_service_that_the_network_wants_an_endpoint_of() -> None:
    offers = {"ssm": "abcdef", "servicecatalog": "acdef", "studio": "bdef"}
    assert list(choice(offers=offers).zones(CIDR, count=2)) == ["us-east-1d", "us-east-1e"]
    with pytest.raises(
        ZonesError, match=r"network.zones: us-east-1 has 3 that offer an endpoint of servicecatalog, .*instances"
    ):
        choice(offers=offers).zones(CIDR, count=4)


def test_a_network_that_stands_keeps_its_zones_and_its_addresses() -> None:
    standing = {"c": "10.16.0.0/20", "f": "10.16.16.0/20"}
    assert choice(standing).zones(CIDR, count=2) == {"us-east-1c": 0, "us-east-1f": 1}
    assert choice(standing).zones(CIDR, count=3) == {"us-east-1c": 0, "us-east-1f": 1, "us-east-1b": 2}


def test_a_network_that_stands_in_a_zone_that_would_be_passed_over_stays_there() -> None:
    standing = {"a": "10.16.0.0/20", "b": "10.16.16.0/20"}
    assert choice(standing).zones(CIDR, count=2) == {"us-east-1a": 0, "us-east-1b": 1}


def test_fewer_zones_leave_the_last_ones_by_their_addresses() -> None:
    standing = {"f": "10.16.0.0/20", "b": "10.16.16.0/20", "a": "10.16.32.0/20"}
    assert choice(standing).zones(CIDR, count=2) == {"us-east-1f": 0, "us-east-1b": 1}


def test_a_zone_that_stands_but_lacks_a_wanted_endpoint_is_reported_and_not_replaced() -> None:
    standing = {"b": "10.16.0.0/20", "c": "10.16.16.0/20"}
    with pytest.raises(ZonesError, match=r"us-east-1c \(use1-az2\) does not offer an endpoint of studio: .*zoneIds"):
        choice(standing, {"studio": "bdef"}).zones(CIDR, count=2)


def test_zones_may_be_named_by_their_ids() -> None:
    assert choice().zones(CIDR, count=2, named=["use1-az6", "use1-az1"]) == {"us-east-1f": 0, "us-east-1b": 1}
    with pytest.raises(
        ZonesError, match=r"network.zoneIds: us-east-1 has no euw1-az1; choose among use1-az1, use1-az2"
    ):
        choice().zones(CIDR, count=2, named=["euw1-az1", "use1-az1"])


def test_a_zone_that_takes_the_place_of_another_gets_addresses_that_no_subnet_has() -> None:
    standing = {"b": "10.16.0.0/20", "c": "10.16.16.0/20"}
    named = choice(standing).zones(CIDR, count=2, named=["use1-az6", "use1-az1"])
    assert named == {"us-east-1b": 0, "us-east-1f": 2}


def standing_in(zones: Mapping[str, str], environment: str = "preprod", tagged_like: str = "") -> Mapping[str, Any]:
    """Invokes of an account in which a network has a private subnet in each of some zones, with these addresses.

    They are named like the platform's in their own zones, or in the one that `tagged_like` names.
    """

    def subnets(arguments: Mapping[str, Any]) -> dict[str, Any]:
        assert arguments["filters"] == [{"name": "tag:Name", "values": [f"analytics-{environment}-private-*"]}]
        assert arguments["tags"] == {"unit": "analytics", "environment": environment}
        return {"id": "eu-west-1", "ids": [f"subnet-{zone}" for zone in zones]}

    def subnet(arguments: Mapping[str, Any]) -> dict[str, Any]:
        zone = arguments["id"].removeprefix("subnet-")
        tags = {"Name": f"analytics-{environment}-private-{tagged_like or zone}"}
        return {"id": arguments["id"], "availabilityZone": zone, "cidrBlock": zones[zone], "tags": tags}

    return {**INVOKES, "aws:ec2/getSubnets:getSubnets": subnets, "aws:ec2/getSubnet:getSubnet": subnet}


def subnets_of(rendering: Rendering) -> dict[str, str]:
    """Addresses of the subnets that a program declares, by name."""
    return {each.name: each.inputs["cidrBlock"] for each in rendering.all("Subnet")}


def test_a_deployed_network_stays_where_it_is_when_the_program_would_choose_other_zones_now() -> None:
    standing = {"eu-west-1c": "10.17.0.0/20", "eu-west-1b": "10.17.16.0/20"}
    network = {"cidr": "10.17.0.0/16", "privateAccess": "nat"}
    assert subnets_of(render_stack("preprod", {"network": network}, invokes=standing_in(standing))) == {
        "network-private-eu-west-1c": "10.17.0.0/20",
        "network-private-eu-west-1b": "10.17.16.0/20",
        "network-public-eu-west-1c": "10.17.128.0/20",
        "network-public-eu-west-1b": "10.17.144.0/20",
    }


@pytest.mark.parametrize("standing", [{"c": "10.9.0.0/20"}, {"c": "10.17.0.0/20", "a": "10.9.0.0/20"}])
def test_other_addresses_are_refused_while_a_network_stands(standing: Mapping[str, str]) -> None:
    deployed = standing_in({f"eu-west-1{letter}": addresses for letter, addresses in standing.items()})
    network = {"cidr": "10.17.0.0/16", "privateAccess": "nat"}
    with pytest.raises(
        pulumi.RunError, match=r"^network.cidr: the deployed network has 10.9.0.0/16, and cannot move to"
    ):
        render_stack("preprod", {"network": network}, invokes=deployed)


def test_a_subnet_with_copied_tags_is_none_of_the_network() -> None:
    elsewhere = standing_in({"eu-west-1a": "10.99.0.0/24"}, tagged_like="eu-west-1b")
    assert set(subnets_of(render_stack("preprod", invokes=elsewhere))) == set(subnets_of(render_stack("preprod")))


def test_zones_are_left_out_of_a_deployed_network_unless_studio_stands_in_them() -> None:
    three = {f"eu-west-1{letter}": f"10.16.{block}.0/20" for letter, block in zip("abc", (0, 16, 32), strict=True)}
    network = {"cidr": "10.16.0.0/16", "privateAccess": "nat"}
    kept = subnets_of(render_stack("preprod", {"network": network}, invokes=standing_in(three)))
    assert sorted(name for name in kept if "private" in name) == [f"network-private-eu-west-1{each}" for each in "ab"]
    with pytest.raises(
        pulumi.RunError, match=r"^network: eu-west-1c cannot be left out, because Studio.*network.zones: 3"
    ):
        render_stack("dev", {"network": network}, invokes=standing_in(three, "dev"))
    assert (
        len(subnets_of(render_stack("dev", {"network": {**network, "zones": 3}}, invokes=standing_in(three, "dev"))))
        == 6
    )


def test_zones_named_in_the_settings_are_taken() -> None:
    network = {"cidr": "10.17.0.0/16", "zoneIds": ["euw1-az3", "euw1-az1"]}
    zones = [each.inputs["availabilityZone"] for each in render_stack("preprod", {"network": network}).all("Subnet")]
    assert zones == ["eu-west-1c", "eu-west-1a"]


def test_a_zone_named_by_its_name_is_refused() -> None:
    network = {"cidr": "10.17.0.0/16", "zoneIds": ["eu-west-1a", "euw1-az1"]}
    with pytest.raises(pulumi.RunError, match=r"network.zoneIds\[0\] = .*\n.*give the id of an availability zone"):
        render_stack("preprod", {"network": network})


def test_the_gateway_of_all_zones_stands_in_one_that_takes_it() -> None:
    def in_region(_: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": "ap-northeast-1", "names": list(IN_TOKYO), "zoneIds": list(IN_TOKYO.values())}

    network = {"cidr": "10.17.0.0/16", "zoneIds": ["apne1-az3", "apne1-az1"], "privateAccess": "nat"}
    invokes = {**INVOKES, "aws:index/getAvailabilityZones:getAvailabilityZones": in_region}
    changes = {"region": "ap-northeast-1", "network": network, "costs": {"estimate": False}}
    (gateway,) = render_stack("preprod", changes, invokes=invokes).all("NatGateway")
    assert gateway.name == "network-nat-ap-northeast-1c"
