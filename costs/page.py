"""The tables of the page `docs/costs.md`; the text around them is written by hand."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from costs import price_list, tables
from costs.environment import Environment

PAGE = Path(__file__).parents[1] / "docs" / "costs.md"


def updated(text: str, environments: Sequence[Environment]) -> str:
    """Return the page's text with its tables as they are now, each between a comment with its name and `<!-- end -->`.

    Raises:
        LookupError: a table has no such comment, or a comment no table.
    """
    wanted: Mapping[str, str] = {
        "idle month": tables.idle_months(environments).markdown(),
        "ways out": tables.ways_out(environments).markdown(),
        "rotations": tables.with_rotated_keys(environments).markdown(),
        "additions": tables.additions(environments).markdown(),
        "prices": f"Read on {price_list.read_on().isoformat()}.\n\n{tables.prices().markdown()}",
    }
    block = re.compile(r"<!-- ([a-z ]+): generated, see `python -m costs page` -->\n.*?<!-- end -->", re.DOTALL)
    named = block.findall(text)
    if sorted(named) != sorted(wanted):
        raise LookupError(f"docs/costs.md has comments for {sorted(named)}, and there are tables for {sorted(wanted)}")
    return block.sub(
        lambda found: (
            f"<!-- {found[1]}: generated, see `python -m costs page` -->\n\n{wanted[found[1]]}\n\n<!-- end -->"
        ),
        text,
    )
