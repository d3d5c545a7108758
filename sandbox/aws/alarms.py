"""Alarms of CloudWatch: evaluated period by period, told to topics and to EventBridge.

MiniStack compares all points of a metric, whatever their dimensions, when somebody puts one. Here a thread looks at
every alarm once per period (`clock`): at the latest complete periods, as CloudWatch does.
"""

import contextlib
import json
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.aws import alarm_states, clock, deliveries, emulator, metrics, scaling
from sandbox.aws.alarm_states import COMPARISONS, Rule
from sandbox.aws.deliveries import Sender

TICK_SECONDS = 0.1
SERVICE = "cloudwatch.amazonaws.com"
ACTIONS: Mapping[str, str] = {
    alarm_states.ALARM: "AlarmActions",
    alarm_states.OK: "OKActions",
    alarm_states.INSUFFICIENT_DATA: "InsufficientDataActions",
}

Alarm = dict[str, Any]

_evaluated: dict[tuple[str, str, str], int] = {}
"""By account, region and name: the last period that was looked at."""


def install() -> None:
    """Evaluate alarms from now on, and tell about them as CloudWatch does."""
    put = emulator.cloudwatch._put_metric_alarm

    def put_metric_alarm(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> emulator.Response:
        lacking = _not_emulated(data or params)
        if lacking:
            message = f"the sandbox does not emulate {lacking}"
            return emulator.cloudwatch._error("NotEmulatedBySandbox", message, 501, is_json, is_cbor)
        answer = put(params, data, is_cbor, is_json)
        # MiniStack adds the default statistic to an alarm on a percentile.
        named = data["AlarmName"] if data else params.get("AlarmName", [""])[0]
        alarm = emulator.cloudwatch._alarms.get(named)
        if alarm and alarm.get("ExtendedStatistic"):
            alarm.pop("Statistic", None)
        return answer

    emulator.cloudwatch._put_metric_alarm = put_metric_alarm
    # A new data point changes no alarm by itself: its period has to end.
    emulator.cloudwatch._evaluate_alarm = _leave
    emulator.cloudwatch._dispatch_alarm_actions = tell
    threading.Thread(target=_watch, name="alarms", daemon=True).start()


def evaluate(now: float) -> None:
    """Look at every alarm whose period has ended since the last look."""
    for (account, region, name), alarm in list(emulator.cloudwatch._alarms._data.items()):
        seconds = clock.seconds(alarm.get("Period", 60))
        period = math.floor(now / seconds)
        last = _evaluated.setdefault((account, region, name), period)
        if period > last:
            _evaluated[account, region, name] = period
            with emulator.responses.request_scope(account, region):
                _evaluate(alarm, period, seconds)


def tell(alarm: Alarm, old: str, new: str, reason: str) -> None:
    """Tell EventBridge and the alarm's topics about a change of state."""
    detail = {
        "alarmName": alarm["AlarmName"],
        "state": {"value": new, "reason": reason, "timestamp": _moment()},
        "previousState": {"value": old},
        "configuration": {"description": alarm.get("AlarmDescription", "")},
    }
    emulator.send_event("aws.cloudwatch", "CloudWatch Alarm State Change", [alarm["AlarmArn"]], detail)
    if alarm.get("ActionsEnabled", True):
        for action in alarm.get(ACTIONS.get(new, ""), []):
            refusal = _act(action, alarm, _message(alarm, old, new, reason), new)
            outcome = f"Failed to execute action {action}. Received error: {refusal}" if refusal else ""
            _remember(alarm, outcome or f"Successfully executed action {action}")


def _leave(alarm: Alarm) -> None:
    del alarm


def _watch() -> None:
    while True:
        time.sleep(TICK_SECONDS)
        # The stores change while they are read; the next look is near.
        with contextlib.suppress(RuntimeError, KeyError):
            metrics.collect(time.time())
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
            "queryDate": _moment(),
            "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
            "period": alarm.get("Period"),
            "recentDatapoints": [point for point in points if point is not None],
            "threshold": rule.threshold,
        }
    )
    emulator.cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
    tell(alarm, old, new, reason)
    emulator.cloudwatch._evaluate_parent_alarms(alarm)


def _points(alarm: Alarm, count: int, period: int, seconds: float) -> Iterator[float | None]:
    """The statistic of the alarm's metric in the latest complete periods, the newest first."""
    dimensions = emulator.cloudwatch._dims_key(emulator.cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    key = (alarm["Namespace"], alarm["MetricName"], dimensions)
    stored: Sequence[Mapping[str, Any]] = emulator.cloudwatch._metrics.get(key) or []
    unit = alarm.get("Unit")
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    by_period: dict[int, list[Mapping[str, Any]]] = {}
    for point in list(stored):
        if unit is None or point.get("Unit", "None") == unit:
            by_period.setdefault(math.floor(point["Timestamp"] / seconds), []).append(point)
    for number in range(period - 1, period - 1 - count, -1):
        found = by_period.get(number, [])
        statistics = emulator.cloudwatch._calc_stats(found)
        yield emulator.cloudwatch._stat_value(statistics, statistic, found) if statistics else None


def _not_emulated(members: Mapping[str, Any]) -> str:
    if members.get("Metrics") or "Metrics.member.1.Id" in members:
        return "alarms on metric math"
    if members.get("EvaluateLowSampleCountPercentile") == "ignore":
        return "alarms that ignore percentiles of few samples"
    operators = members.get("ComparisonOperator", "")
    known = operators in COMPARISONS if isinstance(operators, str) else set(operators) <= set(COMPARISONS)
    return "" if known else f"alarms with the operator {operators}"


def _act(action: str, alarm: Alarm, message: Mapping[str, Any], new: str) -> str:
    """Publish to a topic as CloudWatch, or scale by a policy; the error, if there is one."""
    if ":scalingPolicy:" in action:
        return scaling.act(action, alarm)
    if ":sns:" not in action:
        return f"the sandbox does not emulate actions of alarms like {action}"
    refusal = deliveries.refusal(Sender(service=SERVICE, source_arn=alarm["AlarmArn"]), action)
    if not refusal:
        subject = f'{new}: "{alarm["AlarmName"]}" in {emulator.region()}'[:100]
        emulator.sns.publish_internal(action, json.dumps(message), subject)
    return refusal


def _message(alarm: Alarm, old: str, new: str, reason: str) -> Mapping[str, Any]:
    return {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": emulator.account_id(),
        "AlarmArn": alarm["AlarmArn"],
        "NewStateValue": new,
        "NewStateReason": reason,
        "StateChangeTime": _moment(),
        "Region": emulator.region(),
        "OldStateValue": old,
        "Trigger": {
            "MetricName": alarm.get("MetricName"),
            "Namespace": alarm.get("Namespace"),
            "Statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
            "Dimensions": alarm.get("Dimensions", []),
            "Period": alarm.get("Period"),
            "EvaluationPeriods": alarm.get("EvaluationPeriods"),
            "ComparisonOperator": alarm.get("ComparisonOperator"),
            "Threshold": alarm.get("Threshold"),
            "TreatMissingData": alarm.get("TreatMissingData"),
        },
    }


def _remember(alarm: Alarm, summary: str) -> None:
    emulator.cloudwatch._history_entries().append(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmType": "MetricAlarm",
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "HistoryItemType": "Action",
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", "actionState": summary.partition(" ")[0]}),
        }
    )


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
