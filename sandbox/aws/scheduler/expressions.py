"""Schedule expressions: the moments at which a schedule runs.

Source: EventBridge Scheduler User Guide, "Schedule types", with its parts about time zones and daylight saving time;
API Reference, CreateSchedule.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from sandbox.aws import clock
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.scheduler.cron import Cron, InvalidFieldError

EXPRESSION = re.compile(r"(at|cron|rate)\((.*)\)")
RATE = re.compile(r"([1-9]\d*) (minute|hour|day)(s?)")
AT = "%Y-%m-%dT%H:%M:%S"
SECONDS: Mapping[str, int] = {"minute": 60, "hour": 3600, "day": 86400}
"""Length of a unit of a rate; a day has 24 hours, also when the clocks change."""


class Expression(Protocol):
    """An expression that has been read."""

    @property
    def recurs(self) -> bool:
        """True if it stands for more than one moment."""
        ...

    def moments(self, begun: float, start: float | None) -> Iterator[float]:
        """Yield the moments, in order, of a schedule that has been active since `begun` and has a start date."""
        ...

    def has_come(self, moment: float, begun: "Begun") -> bool:
        """Return whether it is time for one of the moments."""
        ...


@dataclass(frozen=True)
class Begun:
    """The time at which a schedule became active, by the calendar and by the emulated clock."""

    calendar: float
    emulated: float


@dataclass(frozen=True)
class Once:
    """One moment. Start and end dates are ignored."""

    moment: float
    recurs = False

    def moments(self, begun: float, start: float | None) -> Iterator[float]:
        """Yield the moment, also if it has passed: a schedule that is enabled again late runs at once."""
        del begun, start
        yield self.moment

    def has_come(self, moment: float, begun: Begun) -> bool:
        """Return whether it is time, by the calendar."""
        del begun
        return clock.now() >= moment


@dataclass(frozen=True)
class Rate:
    """A moment at the start date, or at once, and then one after each interval."""

    seconds: int
    recurs = True

    def moments(self, begun: float, start: float | None) -> Iterator[float]:
        """Yield the moments without end."""
        moment = begun if start is None else start
        while True:
            if moment >= begun:
                yield moment
            moment += self.seconds

    def has_come(self, moment: float, begun: Begun) -> bool:
        """Return whether it is time: an interval is as long as AWS's waits are here."""
        return clock.elapsed() - begun.emulated >= moment - begun.calendar


@dataclass(frozen=True)
class Recurring:
    """The times of a cron expression in a time zone.

    When the clocks are put forward, a time that does not exist is skipped; when they are put back, a time that comes twice
    counts the first time.
    """

    cron: Cron
    zone: ZoneInfo
    recurs = True

    def moments(self, begun: float, start: float | None) -> Iterator[float]:
        """Yield the moments."""
        earliest = max(begun, start or begun)
        for local in self.cron.times_after(datetime.fromtimestamp(earliest, self.zone).replace(tzinfo=None)):
            moment = _moment(local, self.zone)
            if moment is not None and (moment > begun and moment >= earliest):
                yield moment

    def has_come(self, moment: float, begun: Begun) -> bool:
        """Return whether it is time, by the calendar."""
        del begun
        return clock.now() >= moment


def parse(text: str, zone_name: str) -> Expression:
    """Read an expression.

    Raises:
        ServiceError: AWS would refuse it, or the time zone.
        NotEmulatedError: no document says what it means.
    """
    if zone_name not in _zones():
        raise ServiceError("ValidationException", f"Invalid ScheduleExpressionTimezone {zone_name}.")
    matched = EXPRESSION.fullmatch(text)
    try:
        if matched is None:
            raise InvalidFieldError(text)
        kind, inner = matched[1], matched[2]
        if kind == "cron":
            return Recurring(Cron.parse(inner), ZoneInfo(zone_name))
        return _rate(inner) if kind == "rate" else _once(inner, ZoneInfo(zone_name))
    except InvalidFieldError:
        raise ServiceError("ValidationException", f"Invalid Schedule Expression {text}.") from None


def _rate(text: str) -> Rate:
    matched = RATE.fullmatch(text)
    if matched is None:
        raise InvalidFieldError(text)
    number, unit, plural = int(matched[1]), matched[2], matched[3]
    if (number == 1) == bool(plural):
        raise NotEmulatedError(f"rate({text}), whose unit does not agree with its number")
    return Rate(number * SECONDS[unit])


def _once(text: str, zone: ZoneInfo) -> Once:
    try:
        local = datetime.strptime(text, AT)
    except ValueError:
        raise InvalidFieldError(text) from None
    moment = _moment(local, zone)
    if moment is None:
        raise NotEmulatedError(f"at({text}), which the clocks of {zone} skip")
    return Once(moment)


def _moment(local: datetime, zone: ZoneInfo) -> float | None:
    """Return the moment of a local time, the first of two; None if the clocks skip it."""
    aware = local.replace(tzinfo=zone)
    there_and_back = aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    return aware.timestamp() if there_and_back == local else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def moment(value: float | str | None) -> float | None:
    """Return the start or end date of a request in seconds since the epoch."""
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value
