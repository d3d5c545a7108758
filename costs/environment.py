"""One environment with its settings, its prices and its idle month."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from costs import price_list, stacks
from costs.idle_month import IdleMonth, idle_month
from costs.price_list import PriceList
from settings import Settings, SettingsError


class NoPricesError(pulumi.RunError):
    """The price list lacks the region of a stack."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment as its checked-in settings describe it."""

    name: str
    """Name of the stack."""
    settings: Settings
    prices: PriceList
    idle_month: IdleMonth


def of_stack(name: str) -> Environment:
    """Return the environment of a stack with a settings file.

    Raises:
        NoPricesError: its region has no prices.
        pulumi.RunError: its settings cannot be used; says why.
    """
    configuration = stacks.configuration_of(name)
    try:
        settings = Settings.parse(configuration)
    except SettingsError as error:
        raise pulumi.RunError(f"Pulumi.{name}.yaml: {error}") from error
    if settings.region not in price_list.regions():
        known = " and ".join(price_list.regions())
        raise NoPricesError(
            f"{name} is in {settings.region}, and the price list has {known} only: add the region to costs/prices.toml"
        )
    prices = price_list.prices_in(settings.region)
    return Environment(
        name=name,
        settings=settings,
        prices=prices,
        idle_month=idle_month(stacks.declared_by(configuration), prices),
    )


def all_of_them() -> Sequence[Environment]:
    """Return the environments of all stacks with a settings file.

    Raises:
        pulumi.RunError: the settings of one cannot be used, or a region has no prices; says why.
    """
    return [of_stack(name) for name in stacks.names()]
