"""Actions of alarms: an event on the account's bus, messages to topics, and scaling policies."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.aws import deliveries
from sandbox.aws.autoscaling import policies
from sandbox.aws.cloudwatch import alarm_states
from sandbox.aws.deliveries import Sender
from sandbox.aws.eventbridge import service_events
from sandbox.aws.ministack import cloudwatch, scope, sns
from sandbox.aws.ministack.cloudwatch import Alarm

SERVICE = "cloudwatch.amazonaws.com"
ACTIONS: Mapping[str, str] = {
    alarm_states.ALARM: "AlarmActions",
    alarm_states.OK: "OKActions",
    alarm_states.INSUFFICIENT_DATA: "InsufficientDataActions",
}


def act(alarm: Alarm, old: str, new: str, reason: str) -> None:
    """Send the event of a change of state, and run the alarm's actions for the new state."""
    detail = {
        "alarmName": alarm["AlarmName"],
        "state": {"value": new, "reason": reason, "timestamp": timestamp()},
        "previousState": {"value": old},
        "configuration": {"description": alarm.get("AlarmDescription", "")},
    }
    service_events.send("aws.cloudwatch", "CloudWatch Alarm State Change", [alarm["AlarmArn"]], detail)
    if alarm.get("ActionsEnabled", True):
        for action in alarm.get(ACTIONS.get(new, ""), []):
            refusal = _run(action, alarm, _message(alarm, old, new, reason), new)
            outcome = f"Failed to execute action {action}. Received error: {refusal}" if refusal else ""
            _record(alarm, outcome or f"Successfully executed action {action}")


def timestamp() -> str:
    """Return this moment as CloudWatch writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _run(action: str, alarm: Alarm, message: Mapping[str, Any], new: str) -> str:
    """Publish to a topic, or scale by a policy; return the error, if there is one."""
    if ":scalingPolicy:" in action:
        return policies.scale(action, alarm)
    if ":sns:" not in action:
        return f"the sandbox does not emulate actions of alarms like {action}"
    refusal = deliveries.refusal(Sender(service=SERVICE, source_arn=alarm["AlarmArn"]), action)
    if not refusal:
        subject = f'{new}: "{alarm["AlarmName"]}" in {scope.region()}'[:100]
        sns.publish(action, json.dumps(message), subject)
    return refusal


def _message(alarm: Alarm, old: str, new: str, reason: str) -> Mapping[str, Any]:
    return {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": scope.account_id(),
        "AlarmArn": alarm["AlarmArn"],
        "NewStateValue": new,
        "NewStateReason": reason,
        "StateChangeTime": timestamp(),
        "Region": scope.region(),
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


def _record(alarm: Alarm, summary: str) -> None:
    cloudwatch.record_action(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmType": "MetricAlarm",
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "HistoryItemType": "Action",
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", "actionState": summary.partition(" ")[0]}),
        }
    )
