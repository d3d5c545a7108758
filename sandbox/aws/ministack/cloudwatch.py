"""MiniStack's CloudWatch."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sandbox.aws.ministack import modules
from sandbox.aws.ministack.gateway import Response

Alarm = dict[str, Any]
Point = Mapping[str, Any]
Dimensions = Sequence[Mapping[str, str]]


def put_alarm(alarm: Alarm) -> None:
    """Answer PutMetricAlarm."""
    modules.cloudwatch._put_metric_alarm({}, alarm, False, True)


def delete_alarm(name: str) -> None:
    """Delete an alarm of the current account."""
    modules.cloudwatch.cloudformation_delete_metric_alarm(name)


def find_alarm(name: str) -> Alarm | None:
    """Return an alarm of the current account, be it a metric's or a composite one."""
    return modules.cloudwatch._alarms.get(name) or modules.cloudwatch._composite_alarms.get(name)


def metric_alarms() -> Iterator[tuple[str, str, str, Alarm]]:
    """Yield the account, the region, the name and the record of every metric's alarm."""
    for (account, region, name), alarm in list(modules.cloudwatch._alarms._data.items()):
        yield account, region, name, alarm


def points_of(alarm: Alarm) -> Sequence[Point]:
    """Return the data points of an alarm's metric."""
    key = _dimensions_key(alarm.get("Dimensions") or [])
    return modules.cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], key)) or []


def statistic(name: str, points: Sequence[Point]) -> float | None:
    """Return a statistic of data points; None if there are none."""
    values = modules.cloudwatch._calc_stats(points)
    return modules.cloudwatch._stat_value(values, name, points) if values else None


def put_metric_data(namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
    """Answer PutMetricData."""
    modules.cloudwatch._put_metric_data({}, {"Namespace": namespace, "MetricData": list(data)}, False, True)


def record_count(namespace: str, metric: str, value: float, dimensions: Mapping[str, str], keep: int = 0) -> None:
    """Put a data point of a service's own metric; keep so many of the latest points, or all."""
    modules.cloudwatch.record_metric(namespace, metric, value, "Count", dimensions)
    if keep:
        del modules.cloudwatch._metrics[namespace, metric, modules.cloudwatch._dims_key(dimensions)][:-keep]


def record_state_change(alarm: Alarm, old: str, new: str, reason: str) -> None:
    """Add a change of state to an alarm's history."""
    modules.cloudwatch._record_history(alarm["AlarmName"], old, new, reason)


def record_action(entry: Mapping[str, Any]) -> None:
    """Add an entry to the history of the current account's alarms."""
    modules.cloudwatch._history_entries().append(entry)


def evaluate_composite_alarms(child: Alarm) -> None:
    """Evaluate the composite alarms that depend on an alarm."""
    modules.cloudwatch._evaluate_parent_alarms(child)


def check_alarms(problem: Callable[[Mapping[str, Any]], str]) -> None:
    """Refuse alarms that the sandbox does not emulate: `problem` says from a request's members what that is."""
    put = modules.cloudwatch._put_metric_alarm

    def put_metric_alarm(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Response:
        lacking = problem(data or params)
        if lacking:
            message = f"the sandbox does not emulate {lacking}"
            return modules.cloudwatch._error("NotEmulatedBySandbox", message, 501, is_json, is_cbor)
        answer = put(params, data, is_cbor, is_json)
        # MiniStack adds the default statistic to an alarm on a percentile.
        named = data["AlarmName"] if data else params.get("AlarmName", [""])[0]
        alarm = modules.cloudwatch._alarms.get(named)
        if alarm and alarm.get("ExtendedStatistic"):
            alarm.pop("Statistic", None)
        return answer

    modules.cloudwatch._put_metric_alarm = put_metric_alarm


def replace_evaluation(act: Callable[[Alarm, str, str, str], None]) -> None:
    """Never evaluate alarms when data is put, and let `act` act on changes of state: the alarm, old, new, reason."""
    modules.cloudwatch._evaluate_alarm = _do_nothing
    modules.cloudwatch._dispatch_alarm_actions = act


def describe_alarms_in_xml(
    members: Callable[[Mapping[str, Any]], Mapping[str, Any]], render: Callable[[str, Mapping[str, Any]], str]
) -> None:
    """Answer DescribeAlarms to clients that send forms with all that the answer in JSON has.

    `members` reads a form; `render` writes an element of the answer with its members.
    """
    describe = modules.cloudwatch._describe_alarms

    def describe_alarms(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Response:
        if is_cbor or is_json:
            return describe(params, data, is_cbor, is_json)
        status, _, body = describe(params, members(params), False, True)
        if status != 200:
            return describe(params, data, is_cbor, is_json)
        inner = render("DescribeAlarmsResult", json.loads(body))
        return modules.cloudwatch._xml(status, "DescribeAlarmsResponse", inner)

    modules.cloudwatch._describe_alarms = describe_alarms


def _dimensions_key(dimensions: Dimensions) -> Any:
    return modules.cloudwatch._dims_key(modules.cloudwatch._dims_from_list(dimensions))


def _do_nothing(alarm: Alarm) -> None:
    del alarm
