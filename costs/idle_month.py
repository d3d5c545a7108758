"""The idle month: the cost of a month of 730 hours in which an environment is deployed and nobody does anything."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from costs.charges import charged
from costs.declared import Declaration
from costs.price_list import PriceList

BOOTSTRAP = Path(__file__).parents[1] / "bootstrap" / "bootstrap.yaml"
"""Template of the resources that each account has before the program runs."""
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Line:
    """An item of the price list, with its number in one environment."""

    item: str
    name: str
    count: int
    each: Decimal
    """Price of one for a month, in USD."""

    @property
    def usd(self) -> Decimal:
        """Price of all of them, in whole cents."""
        return (self.count * self.each).quantize(CENT)


@dataclass(frozen=True, kw_only=True)
class IdleMonth:
    """The cost of an idle month, line by line."""

    lines: Sequence[Line]

    @property
    def usd(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.usd for line in self.lines), start=Decimal("0.00"))

    def count(self, item: str) -> int:
        """Return how many of an item of the price list there are."""
        return sum(line.count for line in self.lines if line.item == item)


def idle_month(declared: Iterable[Declaration], prices: PriceList) -> IdleMonth:
    """Return the idle month of what a program declared and of what bootstrap created before it.

    Raises:
        LookupError: nothing is known about the cost of a resource's type.
    """
    counts = Counter[str]()
    for resource in (*_created_by_bootstrap(), *(each for each in declared if each.kind.startswith("aws:"))):
        charge = charged(resource.kind, resource.inputs)
        if charge:
            item, count = charge
            counts[item] += count
    return IdleMonth(
        lines=[
            Line(item=item, name=price.name, count=counts[item], each=price.month)
            for item, price in prices.items()
            if counts[item]
        ]
    )


def _created_by_bootstrap() -> Iterable[Declaration]:
    text = BOOTSTRAP.read_text(encoding="utf-8")
    return [Declaration(kind=kind, inputs={}) for kind in re.findall(r"^    Type: (AWS::\S+)$", text, re.MULTILINE)]
