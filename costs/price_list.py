"""The price list: `prices.toml`, for one region."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "prices.toml"
HOURS_PER_MONTH = 730
"""Hours of an average month, as AWS's own calculator has them."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one unit in one region."""

    name: str
    usd: Decimal
    unit: str
    """`hour`, `month`, `GB`, `GB and month` or `million`."""
    read_in: str
    """The list or bill of AWS that it was read in, with its date if that is known."""
    confirmed: bool
    """Whether it was read in a price list or a bill of AWS."""

    @property
    def month(self) -> Decimal:
        """The cost of a whole month, of something that is paid by the hour or the month."""
        return self.usd * HOURS_PER_MONTH if self.unit == "hour" else self.usd


PriceList = Mapping[str, Price]
"""Prices of one region, by item."""


def read_on() -> date:
    """Return the day on which the prices were read."""
    return _content()["read"]


def regions() -> Sequence[str]:
    """Return the regions that every item has a price in."""
    listed = [set(item["usd"]) for item in _content()["prices"].values()]
    return sorted(set.intersection(*listed))


@cache
def prices_in(region: str) -> PriceList:
    """Return the prices in a region, one of `regions()`."""
    return {
        name: Price(
            name=item["name"],
            usd=Decimal(item["usd"][region]),
            unit=item["unit"],
            read_in=item["read_in"][region],
            confirmed=region not in item.get("unconfirmed", ()),
        )
        for name, item in _content()["prices"].items()
    }


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"), parse_float=Decimal)
