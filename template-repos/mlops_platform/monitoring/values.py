"""Values of CSV: missing ones, and numbers as programs write them."""

import math
import re

MISSING = frozenset({"", "?", "na", "nan", "none", "null"})
"""Spellings of a value that is missing, in lower case."""
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""`float` takes more, for example `4_55`, `inf` and the digits of every script."""
DIGITS = 9
"""Significant digits of what is written: the last bits of a mean depend on the processor and on numpy's version."""


def is_missing(value: str) -> bool:
    """Return True if a value stands for none."""
    return value.strip().lower() in MISSING


def number(value: str) -> float:
    """Return a value as a number, NaN if it is missing.

    Raises:
        ValueError: it is no number, or beyond the largest one.
    """
    if is_missing(value):
        return math.nan
    text = value.strip()
    found = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(found):
        raise ValueError(f"is {shown(value)}, expected a number")
    return found


def rounded(value: float) -> float:
    """Return a number with `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")


def shown(value: str) -> str:
    """Return a value as it appears in a message, which a value of a megabyte must not fill."""
    return repr(value if len(value) <= 40 else f"{value[:40]}…")
