"""The cost of further choices, the page with all tables, and the command that shows them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel

from costs import choices, page, stacks
from costs.__main__ import compared, main, shown
from costs.environment import Environment, of_stack
from costs.idle_month import idle_month
from tests.conftest import STACKS

CHECKOUT = Path(__file__).parents[2]


def usd(found: Sequence[choices.Choice]) -> dict[str, str]:
    return {choice.name: str(choice.usd) for choice in found}


def test_the_page_is_what_the_program_says(environments: Mapping[str, Environment]) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.updated(text, list(environments.values())) == text, "write it again: python -m costs page"


def test_a_table_without_a_place_on_the_page_is_an_error(environments: Mapping[str, Environment]) -> None:
    text = page.PAGE.read_text(encoding="utf-8").replace("<!-- ways out:", "<!-- ways in:")
    with pytest.raises(LookupError, match="ways in"):
        page.updated(text, list(environments.values()))


def test_the_checked_in_network_costs_what_its_way_out_is_listed_with(environments: Mapping[str, Environment]) -> None:
    for name, environment in environments.items():
        assert environment.idle_month.usd in [each.usd for each in choices.private_access(environment)], name


def test_the_checked_in_settings_cost_at_most_55_usd_in_an_idle_month(environments: Mapping[str, Environment]) -> None:
    assert sum(environment.idle_month.usd for environment in environments.values()) == Decimal("53.39")


@pytest.mark.parametrize("name", ["dev", "prod"])
@pytest.mark.parametrize("access", ["nat", "endpoints", "both, a gateway in each zone"])
def test_an_answer_to_private_access_costs_what_the_program_declares_with_it(
    environments: Mapping[str, Environment], name: str, access: str
) -> None:
    configuration = dict(stacks.configuration_of(name))
    network = json.loads(configuration["mlops-platform:network"])
    chosen = {to_camel(key): value for key, value in choices.PRIVATE_ACCESS[access].items() if value is not None}
    configuration["mlops-platform:network"] = json.dumps({**network, **chosen})
    declared = idle_month(stacks.declared_by(configuration), environments[name].prices)
    assert usd(choices.private_access(environments[name]))[access] == str(declared.usd)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"cidr": "10.18.0.0/16", "privateAccess": "nat", "zoneIds": ["euw1-az1", "euw1-az2", "euw1-az3"]}, "42.69"),
        ({"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]}, "4.00"),
        ({"cidr": "10.18.0.0/16", "nat": "perZone"}, "225.92"),
    ],
)
def test_every_network_that_settings_accept_has_its_costs(
    monkeypatch: pytest.MonkeyPatch, network: Mapping[str, object], expected: str
) -> None:
    written = {**stacks.configuration_of("prod"), "mlops-platform:network": json.dumps(network)}
    monkeypatch.setattr(stacks, "configuration_of", {"prod": written}.__getitem__)
    assert str(of_stack("prod").idle_month.usd) == expected


@pytest.mark.parametrize("text", ["", "config:\n", "- a list\n", "config:\n\ta: b\n"])
def test_a_broken_settings_file_is_answered_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    monkeypatch.setattr(stacks, "ROOT", tmp_path)
    assert main([]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "Pulumi.dev.yaml" in line


def test_studio_is_not_offered_a_network_without_a_way_out(environments: Mapping[str, Environment]) -> None:
    assert "none" not in usd(choices.private_access(environments["dev"]))
    assert "none" in usd(choices.private_access(environments["prod"]))


def test_the_alarms_of_a_deployed_model_are_those_that_its_repository_declares_and_two_of_its_scaling_policy() -> None:
    endpoint = CHECKOUT / "template-repos" / "model-deployment-realtime" / "endpoint"
    declared = endpoint.joinpath("alarms.py").read_text().count("self._alarm(")
    assert declared + choices.SCALING_ALARMS + choices.WATCH_ALARMS == choices.ENDPOINT_ALARMS
    assert endpoint.joinpath("autoscaling.py").read_text().count('policy_type="TargetTrackingScaling"') == 1
    code = "".join(path.read_text() for path in endpoint.glob("*.py"))
    assert code.count("aws.cloudwatch.Dashboard(") == choices.ENDPOINT_DASHBOARDS
    assert code.count("aws.cloudwatch.MetricAlarm(") == 1


def test_an_endpoint_of_two_instances_costs_their_hours_fourteen_alarms_and_a_dashboard(
    environments: Mapping[str, Environment],
) -> None:
    found = usd(choices.further(environments["prod"]))
    assert found["an endpoint on 2 ml.m5.large, with alarms and dashboard, a month"] == "191.28"
    assert Decimal("191.28") == 2 * 730 * Decimal("0.128") + 14 * Decimal("0.10") + 3
    assert "an endpoint on 1 ml.m5.large, with alarms and dashboard, a month" not in found


def test_a_batch_that_nothing_starts_costs_its_alarms_and_its_dashboard(
    environments: Mapping[str, Environment],
) -> None:
    templates = CHECKOUT / "template-repos"
    own = "".join(path.read_text() for path in (templates / "model-deployment-batch" / "batch").glob("*.py"))
    shared = (templates / "mlops_platform" / "scheduled" / "alarms.py").read_text()
    watching = (templates / "model-deployment-realtime" / "watching" / "resources.py").read_text()
    assert len(re.findall(r"\bAlarm\(", shared + watching)) == choices.WATCH_ALARMS
    assert len(re.findall(r"\bAlarm\(", shared + own)) == choices.BATCH_ALARMS
    assert own.count("aws.cloudwatch.Dashboard(") == choices.BATCH_DASHBOARDS
    found = usd(choices.further(environments["prod"]))
    assert found["a batch without a run, with alarms and dashboard, a month"] == "3.40"
    assert found["a run of a batch on ml.m5.large, an hour"] == "0.128"


def test_an_app_of_studio_that_is_left_on_costs_every_hour(environments: Mapping[str, Environment]) -> None:
    found = usd(choices.further(environments["dev"]))
    assert found["a Studio app on ml.t3.medium, an hour"] == "0.055"
    assert found["a Studio app on ml.t3.medium left on, a month"] == "40.15"
    assert found["training or processing on ml.m5.large, an hour"] == "0.128"


def test_another_zone_costs_what_the_program_declares_with_it(environments: Mapping[str, Environment]) -> None:
    prod = environments["prod"]
    network = prod.settings.network.model_copy(update={"private_access": "both", "nat": "perZone"})
    costly = replace(prod, settings=prod.settings.model_copy(update={"network": network}))
    configuration = dict(stacks.configuration_of("prod"))
    written = {**json.loads(configuration["mlops-platform:network"]), "privateAccess": "both", "nat": "perZone"}

    def declared(zones: int) -> Decimal:
        configuration["mlops-platform:network"] = json.dumps({**written, "zones": zones})
        return idle_month(stacks.declared_by(configuration), prod.prices).usd

    found = usd(choices.further(costly))
    assert found["another availability zone, a month"] == str(declared(3) - declared(2))


def test_two_rotations_of_each_key_are_paid_for(environments: Mapping[str, Environment]) -> None:
    keys = environments["dev"].idle_month.count("kms-key-month")
    first, second, third = (each.usd for each in choices.rotations(environments["dev"]))
    assert (second - first, third - second) == (keys, keys)


def test_the_command_shows_the_sum_of_all_environments(environments: Mapping[str, Environment]) -> None:
    together = sum(each.idle_month.usd for each in environments.values())
    assert re.search(rf"^idle month .* {together}$", shown(list(environments.values())), re.MULTILINE)


@pytest.mark.parametrize("width", [80, 100, None])
def test_what_the_command_shows_fits_into_the_terminal_and_loses_nothing(
    environments: Mapping[str, Environment], width: int | None
) -> None:
    whole, fitted = (shown(list(environments.values()), each) for each in (None, width))
    assert width is None or max(map(len, fitted.splitlines())) <= width
    words = re.compile(r"[^\s]*[^\s-][^\s]*")
    assert sorted(words.findall(fitted)) == sorted(words.findall(whole))
    assert re.search(r"^idle month .* 53\.39$", fitted, re.MULTILINE)


def test_a_comparison_says_how_much_more_or_less_a_stack_costs(environments: Mapping[str, Environment]) -> None:
    dev = environments["dev"]
    now = dev.idle_month.usd
    start = f"An idle month of dev costs {now} USD"

    def with_estimate(usd: Decimal) -> str:
        return compared(dev, json.dumps({"region": "eu-west-1", "idleMonthUsd": float(usd)}))

    assert with_estimate(now) == f"{start}, as before."
    assert with_estimate(now - 36) == f"{start}: 36.00 more than the {now - 36} USD of what is deployed."
    assert with_estimate(now + 1) == f"{start}: 1.00 less than the {now + 1} USD of what is deployed."


def test_a_comparison_says_why_there_is_nothing_to_compare_with(environments: Mapping[str, Environment]) -> None:
    preprod = environments["preprod"]
    start = f"An idle month of preprod costs {preprod.idle_month.usd} USD"
    assert compared(preprod, "new") == f"{start}; the stack is new."
    assert compared(preprod, '{"region": "eu-west-1"}') == f"{start}; what is deployed has no estimate."
    assert compared(preprod, "unread") == f"{start}; what is deployed could not be read: the job's log says why."


def test_the_command_compares_one_stack(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, environments: Mapping[str, Environment]
) -> None:
    monkeypatch.setattr("costs.__main__.of_stack", environments.__getitem__)
    assert main(["compare", "preprod", "new"]) == 0
    assert capsys.readouterr().out == f"{compared(environments['preprod'], 'new')}\n"


def test_a_stack_in_a_region_without_prices_is_named_and_hides_no_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"mlops-platform:region": "eu-central-1", "mlops-platform:costs": '{"estimate": false}'}
    of_file = stacks.configuration_of

    def moved(name: str) -> Mapping[str, str]:
        return {**of_file(name), **(settings if name == "dev" else {})}

    monkeypatch.setattr(stacks, "configuration_of", moved)
    monkeypatch.setattr(stacks, "names", lambda: ["dev", "preprod"])
    said = "dev is in eu-central-1, and the price list has eu-west-1 and us-east-1 only: add the region to costs/prices.toml\n"
    assert main(["compare", "dev", "new"]) == 0
    assert capsys.readouterr() == (said, "")
    assert main([]) == 0
    shown_then = capsys.readouterr().out
    assert shown_then.startswith("An idle month")
    assert "preprod (eu-west-1)" in shown_then
    assert shown_then.endswith(f"\n\n{said}")


def test_settings_that_are_wrong_are_answered_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**stacks.configuration_of("dev"), "mlops-platform:costs": '{"monthlyBudgetUsd": 0}'}
    monkeypatch.setattr(stacks, "configuration_of", dict.fromkeys(STACKS, wrong).__getitem__)
    assert main([]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Pulumi.dev.yaml: 1 setting is wrong")
    assert "mlops-platform:costs.monthlyBudgetUsd = 0" in said.err
