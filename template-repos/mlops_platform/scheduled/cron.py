"""Cron expressions of EventBridge Scheduler, which takes some that never start anything: their fields, and the time between two starts.

Source: EventBridge Scheduler User Guide, "Schedule types", part "Cron-based schedules".
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

FORM = "must be cron(…) with six fields, one of the days a ?, such as cron(0 2 * * ? *)"
EXPRESSION = re.compile(r"cron\(([^()]+)\)")
PART = re.compile(r"(\*|[A-Z]+|\d+)(?:-([A-Z]+|\d+))?(?:/([1-9]\d*))?")
MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
DAY_MINUTES = 24 * 60


class CronError(ValueError):
    """An expression that is none, or that never starts anything; the message says why, after the word "schedule"."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """The values of one field."""

    name: str
    first: int
    last: int
    names: Mapping[str, int]
    special: re.Pattern[str] | None = None
    """Texts with a meaning of their own."""

    def values(self, text: str) -> frozenset[int]:
        """Return the values that a text stands for; none for a special one.

        Raises:
            CronError: it stands for nothing.
        """
        if self.special and self.special.fullmatch(text):
            return frozenset()
        return frozenset[int]().union(*(self._part(part) for part in text.split(",")))

    def _part(self, text: str) -> frozenset[int]:
        matched = PART.fullmatch(text)
        if matched is None or (matched[1] == "*" and matched[2]):
            raise CronError(f"has {text!r} for the {self.name}")
        step = int(matched[3] or 1)
        if matched[1] == "*":
            return frozenset(range(self.first, self.last + 1, step))
        begin = self._number(matched[1])
        # A value with an increment goes on to the end of the field.
        end = self._number(matched[2]) if matched[2] else (self.last if matched[3] else begin)
        if end < begin:  # from the evening to the next morning: 20-2
            return frozenset([*range(begin, self.last + 1), *range(self.first, end + 1)][::step])
        return frozenset(range(begin, end + 1, step))

    def _number(self, text: str) -> int:
        value = self.names.get(text, int(text) if text.isdecimal() else -1)
        if not self.first <= value <= self.last:
            raise CronError(f"has {text!r} for the {self.name}")
        return value


MINUTES = Field(name="minutes", first=0, last=59, names={})
HOURS = Field(name="hours", first=0, last=23, names={})
DAYS = Field(name="day of the month", first=1, last=31, names={}, special=re.compile(r"\?|L|LW|([1-9]|[12]\d|3[01])W"))
MONTH = Field(name="month", first=1, last=12, names=MONTHS)
DAYS_OF_WEEK = Field(
    name="day of the week",
    first=1,
    last=7,
    names=WEEKDAYS,
    special=re.compile(r"\?|([1-7]|[A-Z]{3})?L|([1-7]|[A-Z]{3})#[1-5]"),
)
YEARS = Field(name="year", first=1970, last=2199, names={})


def shortest_minutes(expression: str, this_year: int) -> int:
    """Return the shortest time between two starts, in minutes, as if each day had some.

    Raises:
        CronError: the expression is none, or has no start from this year on.
    """
    matched = EXPRESSION.fullmatch(expression)
    texts = matched[1].split(" ") if matched else []
    if len(texts) != 6:
        raise CronError(FORM)
    minutes, hours, days, months, weekdays, years = texts
    if (days == "?") == (weekdays == "?"):
        raise CronError(FORM)
    found = DAYS.values(days)
    DAYS_OF_WEEK.values(weekdays)
    left = [year for year in YEARS.values(years) if year >= this_year]
    if not left:
        raise CronError("never starts anything: its years are over")
    longest = max(calendar.monthrange(year, month)[1] for year in left for month in MONTH.values(months))
    if found and min(found) > longest:
        raise CronError(f"never starts anything: no such month has a day {min(found)}")
    starts = sorted(60 * hour + minute for hour in HOURS.values(hours) for minute in MINUTES.values(minutes))
    return min(after - before for before, after in pairwise([*starts, starts[0] + DAY_MINUTES]))
