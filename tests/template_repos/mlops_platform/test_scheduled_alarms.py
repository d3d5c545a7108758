"""Alarms of scheduled pipelines, evaluated as CloudWatch does, run after run."""

from collections.abc import Sequence

import pytest

from mlops_platform.release.testing.example import PROJECT
from mlops_platform.scheduled import alarms
from mlops_platform.scheduled.alarms import Alarm
from mlops_platform.scheduled.names import Names
from sandbox.aws.cloudwatch import alarm_states
from sandbox.aws.cloudwatch.alarm_states import ALARM, INSUFFICIENT_DATA, Rule

DAY = 24 * 3600
FLEXIBLE = 15 * 60
"""Seconds within which EventBridge Scheduler starts a run: two may be so much closer than the schedule says."""
NAMES = Names(project=PROJECT, environment=PROJECT.environments["prod"], purpose="watch")
DRIFT = alarms.drift(NAMES)
DEAD_LETTERS, FAILED = alarms.of_runs(NAMES)


def told(alarm: Alarm, moments: Sequence[int], *, more_periods: int, late: int = 0) -> int:
    """Return how often an alarm goes on when its metric is beyond the limit at these moments.

    Args:
        alarm: The alarm.
        moments: Seconds, ascending.
        more_periods: Periods that CloudWatch looks back beyond those that the alarm names.
        late: Seconds after which a metric is there.
    """
    rule = Rule(
        operator="GreaterThanThreshold",
        threshold=alarm.threshold,
        periods=alarm.periods,
        to_alarm=1,
        missing=alarms.MISSING,
    )
    state, times = INSUFFICIENT_DATA, 0
    for now in range(0, moments[-1] + DAY, 60):
        newest = now // alarms.PERIOD - 1
        known = {moment // alarms.PERIOD for moment in moments if now - DAY < moment <= now - late}
        looked_at = range(newest, newest - rule.periods - more_periods, -1)
        new = alarm_states.state(rule, [1.0 if period in known else None for period in looked_at], state)
        times += new == ALARM != state
        state = new
    return times


def runs(hours: float, count: int = 20) -> list[int]:
    """Return the moments of runs that begin late and at their time, in turn."""
    return [int(DAY + number * hours * 3600) + (FLEXIBLE if number % 2 == 0 else 0) for number in range(count)]


@pytest.mark.parametrize("more_periods", [1, alarm_states.MORE_PERIODS, 4])
@pytest.mark.parametrize("hours", [1, 2, 3, 4, 6, 8, 12, 24])
@pytest.mark.parametrize("alarm", [DRIFT, FAILED], ids=["drift", "failed"])
def test_drift_and_failures_that_go_on_are_told_for_each_run(alarm: Alarm, hours: int, more_periods: int) -> None:
    # The endpoints' setting `every_hours` is one of these.
    assert told(alarm, runs(hours), more_periods=more_periods, late=120) == 20


@pytest.mark.parametrize("more_periods", [1, alarm_states.MORE_PERIODS, 4])
def test_starts_that_fail_are_told_each_time_although_a_queue_reports_a_quarter_of_an_hour_late(
    more_periods: int,
) -> None:
    assert told(DEAD_LETTERS, runs(1), more_periods=more_periods, late=15 * 60) == 20


def test_a_batch_that_fails_every_quarter_of_an_hour_is_told_once() -> None:
    # As the module says: there is no time without a metric between two of its runs.
    assert told(FAILED, [DAY + number * 15 * 60 for number in range(20)], more_periods=2) == 1
