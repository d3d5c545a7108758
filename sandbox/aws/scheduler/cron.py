"""Cron expressions: six fields, and the local times that they stand for.

Source: EventBridge Scheduler User Guide, "Schedule types", part "Cron-based schedules".
"""

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sandbox.aws.errors import NotEmulatedError

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")
NTH_DAY = re.compile(r"(\w+)#([1-5])")
NEAREST_WEEKDAY = re.compile(r"(\d+)W")
ANY = "?"


class InvalidFieldError(ValueError):
    """A field is not as the guide says."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """The values of one field."""

    first: int
    last: int
    names: Mapping[str, int]

    def values(self, text: str) -> frozenset[int]:
        """Return the values that the field's text stands for.

        Raises:
            InvalidFieldError: it stands for none.
        """
        return frozenset().union(*(self._part(part) for part in text.split(",")))

    def number(self, text: str) -> int:
        """Return a value that is written as a number or as a name.

        Raises:
            InvalidFieldError: it is neither, or out of range.
        """
        value = self.names.get(text.upper(), int(text) if text.isdecimal() else -1)
        if not self.first <= value <= self.last:
            raise InvalidFieldError(text)
        return value

    def _part(self, text: str) -> frozenset[int]:
        matched = PART.fullmatch(text)
        if matched is None or (matched[1] == "*" and matched[2]) or matched[3] == "0":
            raise InvalidFieldError(text)
        start, end, step = matched[1], matched[2], int(matched[3] or 1)
        if start == "*":
            lowest, highest = self.first, self.last
        else:
            lowest = self.number(start)
            # A value with an increment goes on to the end of the field.
            highest = self.number(end) if end else (self.last if matched[3] else lowest)
        if highest < lowest:
            # The guide's own example goes from the evening to the next morning: 20-2.
            every = (*range(lowest, self.last + 1), *range(self.first, highest + 1))
            return frozenset(every[::step])
        return frozenset(range(lowest, highest + 1, step))


MINUTE = Field(first=0, last=59, names={})
HOUR = Field(first=0, last=23, names={})
DAY_OF_MONTH = Field(first=1, last=31, names={})
MONTH = Field(first=1, last=12, names=MONTHS)
DAY_OF_WEEK = Field(first=1, last=7, names=DAYS)
YEAR = Field(first=1970, last=2199, names={})


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A cron expression that has been read."""

    minutes: frozenset[int]
    hours: frozenset[int]
    day_of_month: str
    months: frozenset[int]
    day_of_week: str
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Read the fields between the parentheses.

        Raises:
            InvalidFieldError: they are not as the guide says.
            NotEmulatedError: the guide does not say what a field means.
        """
        fields = text.split()
        if len(fields) != 6:
            raise InvalidFieldError(text)
        minutes, hours, day_of_month, months, day_of_week, years = fields
        if (day_of_month == ANY) == (day_of_week == ANY):
            raise InvalidFieldError(text)
        found = cls(
            minutes=MINUTE.values(minutes),
            hours=HOUR.values(hours),
            day_of_month=day_of_month,
            months=MONTH.values(months),
            day_of_week=day_of_week,
            years=YEAR.values(years),
        )
        found.days_of(2000, 1)
        return found

    def times_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the local times from the day of a local time on, in order."""
        day = moment.date()
        for year in sorted(year for year in self.years if year >= day.year):
            for month in sorted(self.months):
                if (year, month) < (day.year, day.month):
                    continue
                for number in sorted(self.days_of(year, month)):
                    for hour in sorted(self.hours):
                        for minute in sorted(self.minutes):
                            found = datetime.combine(date(year, month, number), time(hour, minute))
                            if found.date() >= day:
                                yield found

    def days_of(self, year: int, month: int) -> frozenset[int]:
        """Return the days of a month on which the expression runs.

        Raises:
            InvalidFieldError: a field is not as the guide says.
            NotEmulatedError: the guide does not say what a field means.
        """
        length = calendar.monthrange(year, month)[1]
        if self.day_of_month != ANY:
            return self._days_by_number(year, month, length)
        return self._days_by_weekday(year, month, length)

    def _days_by_number(self, year: int, month: int, length: int) -> frozenset[int]:
        text = self.day_of_month
        nearest = NEAREST_WEEKDAY.fullmatch(text)
        if text == "L":
            return frozenset({length})
        if nearest:
            wanted = DAY_OF_MONTH.number(nearest[1])
            return _nearest_weekday(date(year, month, wanted), length) if wanted <= length else frozenset()
        if text.startswith("L"):
            raise NotEmulatedError(f"{text} in a cron expression")
        return frozenset(day for day in DAY_OF_MONTH.values(text) if day <= length)

    def _days_by_weekday(self, year: int, month: int, length: int) -> frozenset[int]:
        text = self.day_of_week
        by_weekday: dict[int, list[int]] = {}
        for day in range(1, length + 1):
            by_weekday.setdefault(date(year, month, day).isoweekday() % 7 + 1, []).append(day)
        nth = NTH_DAY.fullmatch(text)
        if nth:
            days = by_weekday[DAY_OF_WEEK.number(nth[1])]
            return frozenset(days[int(nth[2]) - 1 : int(nth[2])])
        if text == "L":
            return frozenset(by_weekday[DAY_OF_WEEK.last])
        if text.endswith("L"):
            raise NotEmulatedError(f"{text} in a cron expression")
        return frozenset(day for weekday in DAY_OF_WEEK.values(text) for day in by_weekday[weekday])


def _nearest_weekday(day: date, length: int) -> frozenset[int]:
    """Return the weekday of the same month that is closest to a day."""
    if day.isoweekday() == 6:
        moved = day - timedelta(days=1) if day.day > 1 else day + timedelta(days=2)
    elif day.isoweekday() == 7:
        moved = day + timedelta(days=1) if day.day < length else day - timedelta(days=2)
    else:
        moved = day
    return frozenset({moved.day})
