"""Alarms of CloudWatch, evaluated period by period.

MiniStack compares all points of a metric, whatever their dimensions, when one is put. Here a thread evaluates every
alarm once per period (`clock`), on the latest complete periods, as CloudWatch does. A thread that comes late makes up
for the periods that it missed, one after the other.
"""

import contextlib
import json
import math
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws import clock
from sandbox.aws.cloudwatch import alarm_actions, alarm_states, queue_metrics
from sandbox.aws.cloudwatch.alarm_states import COMPARISONS, Rule
from sandbox.aws.ministack import cloudwatch, scope
from sandbox.aws.ministack.cloudwatch import Alarm, Point

_evaluated: dict[tuple[str, str, str], float] = {}
"""By account, region and name: the moment of the last evaluation."""


def install() -> None:
    """Evaluate alarms from now on, and act on their states as CloudWatch does."""
    cloudwatch.check_alarms(_not_emulated)
    # A new data point changes no alarm before its period ends.
    cloudwatch.replace_evaluation(alarm_actions.act)
    threading.Thread(target=_watch, name="alarms", daemon=True).start()


def evaluate(now: float) -> None:
    """Evaluate every alarm for each period that has ended since the last time."""
    evaluated = {(account, region, name): alarm for account, region, name, alarm in cloudwatch.metric_alarms()}
    for key in set(_evaluated) - set(evaluated):
        del _evaluated[key]
    for (account, region, name), alarm in evaluated.items():
        seconds = clock.seconds(alarm.get("Period", 60))
        last = _evaluated.get((account, region, name), now)
        _evaluated[account, region, name] = now
        for period in range(math.floor(last / seconds) + 1, math.floor(now / seconds) + 1):
            with scope.request_scope(account, region):
                _evaluate(alarm, period, seconds)


def _watch() -> None:
    while True:
        time.sleep(clock.seconds(clock.TICK))
        # The stores change while they are read; the next look is near.
        with contextlib.suppress(RuntimeError, KeyError):
            queue_metrics.collect(time.time())
            evaluate(time.time())


def _evaluate(alarm: Alarm, period: int, seconds: float) -> None:
    rule = Rule(
        operator=alarm["ComparisonOperator"],
        threshold=alarm["Threshold"],
        periods=alarm["EvaluationPeriods"],
        to_alarm=alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"],
        missing=alarm.get("TreatMissingData") or "missing",
    )
    points = list(_points(alarm, rule.periods + alarm_states.MORE_PERIODS, period, seconds))
    old = alarm["StateValue"]
    new = alarm_states.state(rule, points, old)
    if new == old:
        return
    reason = alarm_states.reason(rule, points, new, old)
    alarm |= {"StateValue": new, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
    alarm["StateReasonData"] = json.dumps(
        {
            "version": "1.0",
            "queryDate": alarm_actions.timestamp(),
            "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
            "period": alarm.get("Period"),
            "recentDatapoints": [point for point in points if point is not None],
            "threshold": rule.threshold,
        }
    )
    cloudwatch.record_state_change(alarm, old, new, reason)
    alarm_actions.act(alarm, old, new, reason)
    cloudwatch.evaluate_composite_alarms(alarm)


def _points(alarm: Alarm, count: int, period: int, seconds: float) -> Iterator[float | None]:
    """Yield the statistic of the alarm's metric in the latest complete periods, the newest first."""
    unit = alarm.get("Unit")
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    by_period: dict[int, list[Point]] = {}
    for point in list(cloudwatch.points_of(alarm)):
        if unit is None or point.get("Unit", "None") == unit:
            by_period.setdefault(math.floor(point["Timestamp"] / seconds), []).append(point)
    for number in range(period - 1, period - 1 - count, -1):
        yield cloudwatch.statistic(statistic, by_period.get(number, []))


def _not_emulated(members: Mapping[str, Any]) -> str:
    if members.get("Metrics") or "Metrics.member.1.Id" in members:
        return "alarms on metric math"
    if members.get("EvaluateLowSampleCountPercentile") == "ignore":
        return "alarms that ignore percentiles of few samples"
    operators = members.get("ComparisonOperator", "")
    known = operators in COMPARISONS if isinstance(operators, str) else set(operators) <= set(COMPARISONS)
    return "" if known else f"alarms with the operator {operators}"
