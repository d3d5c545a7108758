"""The idle month: what of a stack costs money, how much, and that nothing is forgotten."""

import re
from collections.abc import Iterable, Mapping

import pytest

from costs import charges, price_list, stacks
from costs.declared import Declaration
from costs.environment import Environment
from costs.idle_month import BOOTSTRAP, IdleMonth, idle_month
from tests.conftest import STACKS
from tests.rendering import Renderings

EU = price_list.prices_in("eu-west-1")


def lines(month: IdleMonth) -> dict[str, tuple[int, str]]:
    """Number and price of each item of an idle month."""
    return {line.item: (line.count, str(line.usd)) for line in month.lines}


def month_of(declared: Iterable[Declaration]) -> IdleMonth:
    return idle_month(declared, EU)


def test_every_type_of_resource_says_what_it_costs(rendered: Renderings) -> None:
    declared = {each.type for name in STACKS for each in rendered(name).resources if each.type.startswith("aws:")}
    declared |= set(re.findall(r"Type: (AWS::\w+::\w+)$", BOOTSTRAP.read_text(encoding="utf-8"), re.MULTILINE))
    known = [set(charges.CHARGES), set(charges.PAID_BY_USE), set(charges.FREE)]
    assert declared - set.union(*known) == set()
    assert sum(map(len, known)) == len(set.union(*known)), "a type is listed twice"


def test_types_that_only_some_settings_declare_say_so_too() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (BOOTSTRAP.parents[1] / "components").rglob("*.py"))
    written = set(re.findall(r"\baws\.(\w+?)_?\.([A-Z]\w+)\(", code))
    assert {("ec2", "NatGateway"), ("lambda", "Function"), ("sns", "TopicSubscription")} <= written
    known = {*charges.CHARGES, *charges.PAID_BY_USE, *charges.FREE}
    assert written - {(kind.split(":")[1].split("/")[0], kind.split(":")[2]) for kind in known if "/" in kind} == set()


def test_a_type_that_nothing_is_known_about_is_an_error_that_says_where_to_add_it() -> None:
    with pytest.raises(LookupError, match=r"costs/charges\.py does not say what aws:rds/cluster:Cluster costs"):
        month_of([Declaration(kind="aws:rds/cluster:Cluster", inputs={})])


def test_what_bootstrap_creates_is_part_of_every_environment() -> None:
    assert lines(month_of([])) == {"kms-key-month": (1, "1.00")}


def test_an_interface_endpoint_is_paid_for_in_each_zone_and_a_gateway_endpoint_is_free() -> None:
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    interface = Declaration(kind=kind, inputs={"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b", "c"]})
    gateway = Declaration(kind=kind, inputs={"vpc_endpoint_type": "Gateway", "route_table_ids": ["a", "b"]})
    assert lines(month_of([interface, gateway]))["interface-endpoint-hour"] == (3, "24.09")


def test_an_alarm_is_paid_for_by_the_metric() -> None:
    kind = "aws:cloudwatch/metricAlarm:MetricAlarm"
    plain = Declaration(kind=kind, inputs={"metric_name": "Errors"})
    ratio = Declaration(
        kind=kind, inputs={"metric_queries": [{"metric": {}}, {"metric": {}}, {"expression": "m1 / m2"}]}
    )
    assert lines(month_of([plain, ratio]))["alarm-month"] == (3, "0.30")


def test_resources_of_other_clouds_cost_nothing_here() -> None:
    assert month_of([Declaration(kind="github:index/repository:Repository", inputs={})]).usd == 1


KEYS = {"dev": 6, "preprod": 4, "prod": 4}


def test_the_program_run_without_an_account_declares_what_it_declares_in_an_update(rendered: Renderings) -> None:
    declared = stacks.declared_by(stacks.configuration_of("dev"))
    assert sorted(each.kind for each in declared if each.kind.startswith("aws:")) == sorted(
        each.type for each in rendered("dev").resources if each.type.startswith("aws:")
    )


@pytest.mark.parametrize("name", STACKS)
def test_everything_that_costs_money_is_counted_as_often_as_it_is_declared(
    name: str, rendered: Renderings, environments: Mapping[str, Environment]
) -> None:
    rendering, month = rendered(name), environments[name].idle_month
    endpoints = [each for each in rendering.all("VpcEndpoint") if each.inputs["vpcEndpointType"] == "Interface"]
    assert {line.item: line.count for line in month.lines} == {
        item: count
        for item, count in {
            "interface-endpoint-hour": sum(len(each.inputs["subnetIds"]) for each in endpoints),
            "nat-gateway-hour": len(rendering.all("NatGateway")),
            "public-ipv4-hour": len(rendering.all("Eip")),
            "kms-key-month": KEYS[name],
            "alarm-month": len(rendering.all("MetricAlarm")),
            "secret-month": len(rendering.all("Secret")),
        }.items()
        if count
    }
    assert len(rendering.all("kms/key:Key")) + 1 == KEYS[name]
    assert rendering.exports["idleMonthUsd"] == float(month.usd)


def test_the_output_has_the_prices_of_the_region_of_the_stack(rendered: Renderings) -> None:
    assert rendered("dev").exports["idleMonthUsd"] == 45.39
    # A NAT gateway and its address, six keys, three alarms, a secret.
    assert rendered("dev", {"region": "us-east-1"}).exports["idleMonthUsd"] == pytest.approx(
        32.85 + 3.65 + 6 + 3 * 0.10 + 0.40
    )


def test_without_an_estimate_a_stack_in_any_region_is_deployed_without_the_output(rendered: Renderings) -> None:
    elsewhere = rendered("preprod", {"region": "eu-central-1", "costs": {"estimate": False}})
    assert set(elsewhere.exports) == set(rendered("preprod").exports) - {"idleMonthUsd"}
