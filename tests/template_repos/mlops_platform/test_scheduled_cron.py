"""Cron expressions, as whoever writes a schedule into settings may get them wrong."""

import pytest

from mlops_platform.scheduled.cron import CronError, shortest_minutes
from sandbox.aws.scheduler.cron import Cron, InvalidFieldError

TAKEN = {
    "0 2 * * ? *": 24 * 60,
    "0 8-18 ? * MON-FRI *": 60,
    "0/20 * ? * 2 *": 20,
    "50 23,0 * * ? *": 60,
    "0 20-2/3 * * ? *": 3 * 60,
    "15,30 6 L JAN,JUN ? 2026-2199": 15,
    "0 6 3W * ? 2199": 24 * 60,
    "0 6 ? * 6#1 *": 24 * 60,
    "0 6 ? * L *": 24 * 60,
    "0 6 29 2 ? *": 24 * 60,
    "0 6 31 1-3 ? *": 24 * 60,
}
REFUSED = {
    "60 2 * * ? *": "has '60' for the minutes",
    "0 25 * * ? *": "has '25' for the hours",
    "0 -1 * * ? *": "has '-1' for the hours",
    "0 2 32 * ? *": "has '32' for the day of the month",
    "0 2 0 * ? *": "has '0' for the day of the month",
    "0 2 * 13 ? *": "has '13' for the month",
    "0 2 * JANUARY ? *": "has 'JANUARY' for the month",
    "0 2 ? * 8 *": "has '8' for the day of the week",
    "0 2 * * ? 1969": "has '1969' for the year",
    "0/0 2 * * ? *": "has '0/0' for the minutes",
    "*-3 2 * * ? *": "has '*-3' for the minutes",
    "0 2 * * * *": "must be cron",
    "0 2 ? * ? *": "must be cron",
    "0 2 * * ?": "must be cron",
}


@pytest.mark.parametrize("fields", TAKEN)
def test_what_the_scheduler_takes_has_its_shortest_time_between_two_starts(fields: str) -> None:
    assert shortest_minutes(f"cron({fields})", 2026) == TAKEN[fields]
    assert Cron.parse(fields)


@pytest.mark.parametrize("fields", REFUSED)
def test_what_the_scheduler_does_not_take_is_refused_with_the_reason(fields: str) -> None:
    with pytest.raises(CronError) as caught:
        shortest_minutes(f"cron({fields})", 2026)
    assert str(caught.value).startswith(REFUSED[fields])
    with pytest.raises(InvalidFieldError):
        Cron.parse(fields)


@pytest.mark.parametrize(
    "fields", ["0 2 31 2 ? *", "0 2 31 4,6 ? *", "0 2 29 2 ? 2027", "0 2 * * ? 2020", "0 2 * * ? 2020-2025"]
)
def test_what_never_starts_anything_is_refused(fields: str) -> None:
    with pytest.raises(CronError, match=r"^never starts anything: "):
        shortest_minutes(f"cron({fields})", 2026)


@pytest.mark.parametrize("expression", ["", "0 2 * * ? *", "cron()", "rate(1 day)", "cron(0 2 * * ? *) "])
def test_what_is_no_cron_expression_is_refused(expression: str) -> None:
    with pytest.raises(CronError, match="must be cron"):
        shortest_minutes(expression, 2026)
