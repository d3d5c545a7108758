"""Times of schedules: cron, rate and one-time expressions, in time zones whose clocks change.

Source: EventBridge Scheduler User Guide, "Schedule types"; the examples are the guide's own.
"""

from datetime import UTC, datetime
from itertools import islice

import pytest

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.scheduler import expressions


def seconds(text: str) -> float:
    """Return a moment in UTC as seconds since the epoch."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def times(expression: str, *, after: str, zone: str = "UTC", start: str | None = None, count: int = 3) -> list[str]:
    """Return the first times in UTC of a schedule that is active after a moment."""
    found = expressions.parse(expression, zone).moments(seconds(after), seconds(start) if start else None)
    return [f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M}" for moment in islice(found, count)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 10 * * ? *)", ["2026-01-01T10:00", "2026-01-02T10:00", "2026-01-03T10:00"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-01-01T18:00", "2026-01-02T18:00", "2026-01-05T18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-01-01T08:00", "2026-02-01T08:00", "2026-03-01T08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-01-01T00:15", "2026-01-01T00:30", "2026-01-01T00:45"]),
        ("cron(*/20 1,3 ? * 5 *)", ["2026-01-01T01:00", "2026-01-01T01:20", "2026-01-01T01:40"]),
        ("cron(0/30 20-2 ? * MON-FRI *)", ["2026-01-01T00:30", "2026-01-01T01:00", "2026-01-01T01:30"]),
        ("cron(15 12 L * ? *)", ["2026-01-31T12:15", "2026-02-28T12:15", "2026-03-31T12:15"]),
        ("cron(15 12 ? * L *)", ["2026-01-03T12:15", "2026-01-10T12:15", "2026-01-17T12:15"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-01-13T00:00", "2026-02-10T00:00", "2026-03-10T00:00"]),
        # 3 January 2026 is a Saturday, 1 February and 1 March are Sundays, and 31 January is a Saturday.
        ("cron(0 0 3W 1 ? *)", ["2026-01-02T00:00", "2027-01-04T00:00", "2028-01-03T00:00"]),
        ("cron(0 0 1W 2,3 ? 2026)", ["2026-02-02T00:00", "2026-03-02T00:00"]),
        ("cron(0 0 31W 1,2 ? 2026)", ["2026-01-30T00:00"]),
        ("cron(0 6 29 FEB ? *)", ["2028-02-29T06:00", "2032-02-29T06:00", "2036-02-29T06:00"]),
        ("cron(0 6 31 4 ? *)", []),
        ("cron(0 6 1 1 ? 2025)", []),
        ("at(2026-01-04T13:00:00)", ["2026-01-04T13:00"]),
        ("rate(5 minutes)", ["2026-01-01T00:00", "2026-01-01T00:05", "2026-01-01T00:10"]),
        ("rate(1 day)", ["2026-01-01T00:00", "2026-01-02T00:00", "2026-01-03T00:00"]),
    ],
)
def test_an_expression_stands_for_these_times(expression: str, expected: list[str]) -> None:
    assert times(expression, after="2026-01-01T00:00:00") == expected


def test_a_time_that_the_clocks_skip_in_spring_is_skipped() -> None:
    found = times("cron(30 2 * * ? *)", after="2026-03-07T00:00:00", zone="America/Los_Angeles")
    assert found == ["2026-03-07T10:30", "2026-03-09T09:30", "2026-03-10T09:30"]


def test_a_time_that_comes_twice_in_autumn_runs_before_the_shift_alone() -> None:
    found = times("cron(30 1 * * ? *)", after="2026-10-31T12:00:00", zone="America/Los_Angeles")
    assert found == ["2026-11-01T08:30", "2026-11-02T09:30", "2026-11-03T09:30"]
    # From the second of the two hours on, the next time is the next day's.
    found = times("cron(30 1 * * ? *)", after="2026-11-01T09:10:00", zone="America/Los_Angeles", count=1)
    assert found == ["2026-11-02T09:30"]


def test_a_daily_run_keeps_its_local_time_and_a_rate_keeps_24_hours() -> None:
    local = times("cron(0 6 * * ? *)", after="2026-03-28T00:00:00", zone="Europe/Dublin")
    assert local == ["2026-03-28T06:00", "2026-03-29T05:00", "2026-03-30T05:00"]
    rate = times("rate(1 day)", after="2026-03-28T06:00:00", zone="Europe/Dublin")
    assert rate == ["2026-03-28T06:00", "2026-03-29T06:00", "2026-03-30T06:00"]
    assert times("at(2026-07-01T13:00:00)", after="2026-01-01T00:00:00", zone="Europe/Dublin") == ["2026-07-01T12:00"]


def test_no_run_comes_before_the_start_date() -> None:
    after, start = "2026-01-01T00:00:00", "2026-01-02T10:00:00"
    assert times("cron(0 10 * * ? *)", after=after, start=start, count=1) == ["2026-01-02T10:00"]
    assert times("rate(1 hour)", after=after, start=start, count=2) == ["2026-01-02T10:00", "2026-01-02T11:00"]
    # A start date may lie minutes back; the rhythm is its own.
    assert times("rate(1 hour)", after="2026-01-02T10:03:00", start=start, count=1) == ["2026-01-02T11:00"]


@pytest.mark.parametrize(
    "expression",
    [
        "cron(61 25 * * ? *)",
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(0 10 32 * ? *)",
        "cron(0 10 ? * MOON *)",
        "cron(0 10 ? * 3#1,6#3 *)",
        "cron(0 10 * 13 ? *)",
        "cron(0/0 10 * * ? *)",
        "cron(0 10 * * ? 1969)",
        "cron(0 0 10 * * ? *)",
        "rate(30 seconds)",
        "rate(0 minutes)",
        "rate(1.5 hours)",
        "at(2026-02-30T13:00:00)",
        "at(2026-02-20 13:00:00)",
        "every day",
        "",
    ],
)
def test_an_expression_that_breaks_a_rule_is_refused_as_by_aws(expression: str) -> None:
    with pytest.raises(ServiceError) as raised:
        expressions.parse(expression, "UTC")
    assert (raised.value.code, raised.value.message) == (
        "ValidationException",
        f"Invalid Schedule Expression {expression}.",
    )


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("rate(1 minutes)", "UTC"),
        ("cron(0 10 ? * 5L *)", "UTC"),
        ("cron(0 10 L-3 * ? *)", "UTC"),
        ("at(2026-03-29T01:30:00)", "Europe/Dublin"),
    ],
)
def test_an_expression_that_no_document_explains_is_refused_by_the_sandbox(expression: str, zone: str) -> None:
    with pytest.raises(NotEmulatedError):
        expressions.parse(expression, zone)


@pytest.mark.parametrize("zone", ["Mars/Phobos", "GMT+1", "../etc/passwd"])
def test_a_time_zone_is_one_of_the_iana_database(zone: str) -> None:
    with pytest.raises(ServiceError, match="Invalid ScheduleExpressionTimezone"):
        expressions.parse("rate(1 day)", zone)
