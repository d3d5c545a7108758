"""The cost of each further choice: private access, another zone, an hour of training, an endpoint, an app left on."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costs.environment import Environment
from costs.idle_month import CENT
from costs.price_list import Price
from settings import NewNetwork

TEMPLATES = Path(__file__).parents[1] / "template-repos"
NETWORK_ITEMS = ("interface-endpoint-hour", "nat-gateway-hour", "public-ipv4-hour")
"""Items by which a network reaches AWS and the internet."""
PRIVATE_ACCESS: Mapping[str, Mapping[str, str | None]] = {
    "none": {"private_access": "none", "nat": None},
    "nat": {"private_access": "nat", "nat": "single"},
    "nat, a gateway in each zone": {"private_access": "nat", "nat": "perZone"},
    "endpoints": {"private_access": "endpoints", "nat": None},
    "both": {"private_access": "both", "nat": "single"},
    "both, a gateway in each zone": {"private_access": "both", "nat": "perZone"},
}
"""Settings of the network for each answer, by the name that the tables have for it."""
SCALING_ALARMS = 2
"""Alarms that Application Auto Scaling creates for a target-tracking policy: one to add instances, one to remove them.

Source: Application Auto Scaling User Guide, "How target tracking scaling for Application Auto Scaling works".
"""
WATCH_ALARMS = 5
"""Alarms of what watches an endpoint: `template-repos/model-deployment-realtime/watching/`."""
ENDPOINT_ALARMS, ENDPOINT_DASHBOARDS = 7 + SCALING_ALARMS + WATCH_ALARMS, 1
"""Alarms and dashboards of one deployed model: `template-repos/model-deployment-realtime/endpoint/`."""

BATCH_ALARMS, BATCH_DASHBOARDS = 4, 1
"""Alarms and dashboards of one deployed batch: `template-repos/model-deployment-batch/batch/`."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something that costs money once it is chosen."""

    name: str
    usd: Decimal


def private_access(environment: Environment) -> Sequence[Choice]:
    """Return the idle month with each answer to `network.privateAccess`; none for an imported network, whose owner chose."""
    settings = environment.settings
    if not isinstance(settings.network, NewNetwork):
        return []
    lines = environment.idle_month.lines
    without = sum((line.usd for line in lines if line.item not in NETWORK_ITEMS), start=Decimal("0.00"))
    zones = len(settings.network.zone_ids or ()) or settings.network.zones
    found = list[Choice]()
    for name, chosen in PRIVATE_ACCESS.items():
        if settings.development and chosen["private_access"] == "none":
            continue  # Studio cannot do without a way out: the settings refuse it.
        network = settings.network.model_copy(update=chosen)
        ways_out = settings.model_copy(update={"network": network}).ways_out
        gateways = {"none": 0, "single": 1, "perZone": zones}[ways_out.nat]
        endpoints = len(ways_out.endpoints) * zones
        usd = without + gateways * _gateway(environment) + endpoints * _endpoint(environment)
        found.append(Choice(name=name, usd=usd))
    return found


def rotations(environment: Environment) -> Sequence[Choice]:
    """Return the idle month after yearly rotations of the keys: the first and the second each add a version to pay for.

    Source: AWS Key Management Service pricing.
    """
    year = environment.idle_month.count("kms-key-month") * environment.prices["kms-key-month"].month
    now = environment.idle_month.usd
    return [
        Choice(name="in the first year", usd=now),
        Choice(name="in the second year", usd=now + year),
        Choice(name="from the third year on", usd=now + 2 * year),
    ]


def further(environment: Environment) -> Sequence[Choice]:
    """Return the cost of what may be added to an environment: a month of some, an hour of others."""
    settings = environment.settings
    found = list[Choice]()
    if isinstance(settings.network, NewNetwork):
        found.append(Choice(name="another availability zone, a month", usd=_another_zone(environment)))
    if settings.development:
        app = settings.development.studio.default_instance_type
        found += _instance(
            environment, app, f"a Studio app on {app}, an hour", f"a Studio app on {app} left on, a month"
        )
        job: str = _settings_of("model-training")["jobs"]["training_instance_type"]
        found += _instance(environment, job, f"training or processing on {job}, an hour")
    if settings.workload:
        found += [*_deployed_model(environment), *_deployed_batch(environment)]
    return found


def _gateway(environment: Environment) -> Decimal:
    """Return the month of a NAT gateway and of its address."""
    prices = environment.prices
    return (prices["nat-gateway-hour"].month + prices["public-ipv4-hour"].month).quantize(CENT)


def _endpoint(environment: Environment) -> Decimal:
    """Return the month of an interface endpoint in one zone."""
    return environment.prices["interface-endpoint-hour"].month.quantize(CENT)


def _another_zone(environment: Environment) -> Decimal:
    ways_out = environment.settings.ways_out
    gateway = _gateway(environment) if ways_out.nat == "perZone" else Decimal("0.00")
    return len(ways_out.endpoints) * _endpoint(environment) + gateway


def _watched(environment: Environment, alarms: int, dashboards: int) -> Decimal:
    """Return the month of alarms and dashboards."""
    prices = environment.prices
    return alarms * prices["alarm-month"].month + dashboards * prices["dashboard-month"].month


def _deployed_batch(environment: Environment) -> Sequence[Choice]:
    """Return the month of a batch that nothing starts, and an hour of its job, as its template repository deploys it.

    Schedule and queue cost nothing until they are used; what a run reads, writes and logs, and its metrics, are left out.
    """
    plans = _settings_of("model-deployment-batch")
    kind: str = plans.get(environment.settings.environment_name, plans["prod"])["instance_type"]
    around = _watched(environment, BATCH_ALARMS, BATCH_DASHBOARDS).quantize(CENT)
    return [
        Choice(name="a batch without a run, with alarms and dashboard, a month", usd=around),
        *_instance(environment, kind, f"a run of a batch on {kind}, an hour"),
    ]


def _deployed_model(environment: Environment) -> Sequence[Choice]:
    """Return the month of an endpoint as its template repository deploys it to an environment of that name.

    Its instances' volumes (`Host:VolumeUsage.gp2`), whose size SageMaker chooses, and the data of requests and answers are left out.
    """
    fleets = _settings_of("model-deployment-realtime")
    fleet = fleets.get(environment.settings.environment_name, fleets["prod"])
    kind, instances = fleet["instance_type"], fleet["minimum_instances"]
    price = _price(environment, kind)
    if price is None:
        return []
    around = _watched(environment, ENDPOINT_ALARMS, ENDPOINT_DASHBOARDS)
    return [
        Choice(
            name=f"an endpoint on {number} {kind}, with alarms and dashboard, a month",
            usd=(number * price.month + around).quantize(CENT),
        )
        for number in sorted({1, 2, instances})
        if number >= instances
    ]


def _instance(environment: Environment, kind: str, hour: str, month: str = "") -> Sequence[Choice]:
    price = _price(environment, kind)
    if price is None:
        return []
    monthly = [Choice(name=month, usd=price.month.quantize(CENT))] if month else []
    return [Choice(name=hour, usd=price.usd), *monthly]


def _price(environment: Environment, instance_type: str) -> Price | None:
    return environment.prices.get(f"{instance_type}-hour")


def _settings_of(template: str) -> dict[str, Any]:
    return tomllib.loads((TEMPLATES / template / "settings.toml").read_text(encoding="utf-8"))
