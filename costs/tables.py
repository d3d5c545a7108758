"""Tables of costs, as the command shows them and the page has them."""

import itertools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from costs import price_list
from costs.choices import Choice, further, private_access, rotations
from costs.environment import Environment

GAP = "  "
"""Between two columns on a terminal."""
LEAST_WIDTH = 12
"""Characters that the first column has on any terminal."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A heading over each column, and rows of as many cells."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self, width: int | None = None) -> str:
        """Return the table for a terminal, its columns aligned: the first to the left, all others to the right.

        If it is wider than `width`, the headings and the first column are broken into lines.
        """
        columns = list(zip(*self.rows, strict=True))
        widths = [max(map(len, (heading, *cells))) for heading, cells in zip(self.headings, columns, strict=True)]
        if width is not None and _together(widths) > width:
            words = [max(map(len, heading.split())) for heading in self.headings]
            amounts = [max(word, *map(len, cells)) for word, cells in zip(words[1:], columns[1:], strict=True)]
            first = max(width - _together([0, *amounts]), words[0], LEAST_WIDTH)
            widths = [min(first, widths[0]), *amounts]
        heading = _lines(self.headings, widths)
        rows = [line for row in self.rows for line in _lines(row, widths)]
        return "\n".join([*heading, "-" * _together(widths), *rows])

    def markdown(self) -> str:
        """Return the table for a page."""
        rule = ["---", *("---:" for _ in self.headings[1:])]
        return "\n".join(f"| {' | '.join(row)} |" for row in (self.headings, rule, *self.rows))


def _together(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _lines(row: Sequence[str], widths: Sequence[int]) -> Sequence[str]:
    """Return the lines of a row; what is too wide for its column goes on below."""
    broken = [textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(row, widths, strict=True)]
    return [
        GAP.join(
            [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        ).rstrip()
        for first, *others in itertools.zip_longest(*broken, fillvalue="")
    ]


def idle_months(environments: Sequence[Environment]) -> Table:
    """Return the idle month of each environment, line by line, and their sums."""
    names = {line.item: line.name for each in environments for line in each.idle_month.lines}
    rows = [
        [name, *(_line(each, item) for each in environments), _usd(sum(_part(each, item) for each in environments))]
        for item, name in names.items()
    ]
    sums = [each.idle_month.usd for each in environments]
    return Table(
        headings=["USD a month", *_names(environments), "together"],
        rows=[*rows, ["idle month", *map(_usd, sums), _usd(sum(sums))]],
    )


def ways_out(environments: Sequence[Environment]) -> Table:
    """Return the idle month of each environment with each way to AWS and the internet."""
    return _choices("USD a month", private_access, environments)


def with_rotated_keys(environments: Sequence[Environment]) -> Table:
    """Return the idle month of each environment as its keys get older."""
    return _choices("USD a month", rotations, environments)


def additions(environments: Sequence[Environment]) -> Table:
    """Return the cost of what may be added to each environment."""
    return _choices("USD", further, environments)


def prices() -> Table:
    """Return the whole price list, with where each price was read; one that could not be confirmed has a question mark."""
    regions = price_list.regions()
    return Table(
        headings=["price", *regions, "read in"],
        rows=[
            [
                f"{found[0].name}, per {found[0].unit}",
                *(f"{price.usd}{'' if price.confirmed else ' ?'}" for price in found),
                "; ".join(dict.fromkeys(f"{price.read_in}" for price in found)),
            ]
            for found in zip(*(price_list.prices_in(region).values() for region in regions), strict=True)
        ],
    )


def _choices(
    unit: str, found_in: Callable[[Environment], Sequence[Choice]], environments: Sequence[Environment]
) -> Table:
    """Return the choices in each environment; a choice that an environment does not have is empty there."""
    columns = [{choice.name: choice.usd for choice in found_in(each)} for each in environments]
    names = dict.fromkeys(name for column in columns for name in column)
    return Table(
        headings=[unit, *_names(environments)],
        rows=[[name, *(_usd(column[name]) if name in column else "" for column in columns)] for name in names],
    )


def _names(environments: Sequence[Environment]) -> Sequence[str]:
    return [f"{each.name} ({each.settings.region})" for each in environments]


def _part(environment: Environment, item: str) -> Decimal:
    return sum((line.usd for line in environment.idle_month.lines if line.item == item), start=Decimal("0.00"))


def _line(environment: Environment, item: str) -> str:
    count = environment.idle_month.count(item)
    return f"{count} x {_usd(environment.prices[item].month)} = {_usd(_part(environment, item))}" if count else ""


def _usd(amount: Decimal | int) -> str:
    """Return an amount in whole cents, or as it is if it is finer."""
    exact = Decimal(amount)
    rounded = exact.quantize(Decimal("0.01"))
    return str(rounded if rounded == exact else exact)
