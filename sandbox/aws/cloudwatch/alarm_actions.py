"""Actions of alarms: an event on the account's bus, messages to topics, functions, and scaling policies.

Sources: Amazon CloudWatch User Guide, "Alarm events and EventBridge" and "Invoke a Lambda function from an alarm".
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.aws import deliveries
from sandbox.aws.autoscaling import policies
from sandbox.aws.cloudwatch import alarm_states
from sandbox.aws.deliveries import Sender
from sandbox.aws.eventbridge import service_events
from sandbox.aws.ministack import cloudwatch, lambda_functions, scope, sns
from sandbox.aws.ministack.cloudwatch import Alarm

SERVICE = "cloudwatch.amazonaws.com"
FUNCTIONS_SERVICE = "lambda.alarms.cloudwatch.amazonaws.com"
"""Principal that a function's policy names to let alarms in."""
INITIAL = "Unchecked: Initial alarm creation"
"""Reason of the state of an alarm that has not been evaluated yet."""
ACTIONS: Mapping[str, str] = {
    alarm_states.ALARM: "AlarmActions",
    alarm_states.OK: "OKActions",
    alarm_states.INSUFFICIENT_DATA: "InsufficientDataActions",
}


_states: dict[str, Mapping[str, Any]] = {}
"""By alarm's ARN: the state of the last change, as events tell it."""


def act(alarm: Alarm, old: str, new: str, reason: str) -> None:
    """Send the event of a change of state, and run the alarm's actions for the new state."""
    detail = _detail(alarm, old, new, reason)
    service_events.send("aws.cloudwatch", "CloudWatch Alarm State Change", [alarm["AlarmArn"]], detail)
    if alarm.get("ActionsEnabled", True):
        for action in alarm.get(ACTIONS.get(new, ""), []):
            refusal = _run(action, alarm, detail, _message(alarm, old, new, reason))
            outcome = f"Failed to execute action {action}. Received error: {refusal}" if refusal else ""
            _record(alarm, outcome or f"Successfully executed action {action}")


def timestamp() -> str:
    """Return this moment as CloudWatch writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _run(action: str, alarm: Alarm, detail: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    """Publish to a topic, invoke a function, or scale by a policy; return the error, if there is one."""
    if ":scalingPolicy:" in action:
        return policies.scale(action, alarm)
    if action.startswith("arn:aws:lambda:"):
        return _invoke(action, alarm, detail)
    if ":sns:" not in action:
        return f"the sandbox does not emulate actions of alarms like {action}"
    refusal = deliveries.refusal(Sender(service=SERVICE, source_arn=alarm["AlarmArn"]), action)
    if not refusal:
        subject = f'{message["NewStateValue"]}: "{alarm["AlarmName"]}" in {scope.region()}'[:100]
        sns.publish(action, json.dumps(message), subject)
    return refusal


def _invoke(function_arn: str, alarm: Alarm, detail: Mapping[str, Any]) -> str:
    """Invoke a function of this account, or of another, asynchronously; return the error, if there is one."""
    region, account = function_arn.split(":")[3:5]
    if region != scope.region():
        return f"the sandbox does not emulate alarms that invoke functions of another region, like {function_arn}"
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": scope.account_id(),
        "time": detail["state"]["timestamp"],
        "region": region,
        "alarmData": detail,
    }
    with scope.request_scope(account, region):
        function, configuration = lambda_functions.resolve(function_arn)
    if function is None or configuration is None:
        return f"Function not found: {function_arn}"
    # The function's policy sees the account of the alarm.
    sender = Sender(service=FUNCTIONS_SERVICE, source_arn=alarm["AlarmArn"])
    if not deliveries.may_invoke(sender, function, function_arn):
        return f"CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction on the resource: {function_arn}"
    with scope.request_scope(account, region):
        lambda_functions.invoke_asynchronously(function, configuration, event)
    return ""


def _detail(alarm: Alarm, old: str, new: str, reason: str) -> Mapping[str, Any]:
    """Return what events tell about a change of state."""
    arn = alarm["AlarmArn"]
    state = {"value": new, "reason": reason, "timestamp": timestamp()}
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    previous = _states.get(arn, {})
    if previous.get("value") != old:
        previous = {"value": old, **({"reason": INITIAL} if old == alarm_states.INSUFFICIENT_DATA else {})}
    _states[arn] = state
    return {
        "alarmName": alarm["AlarmName"],
        "state": state,
        "previousState": previous,
        "configuration": _configuration(alarm),
    }


def _configuration(alarm: Alarm) -> Mapping[str, Any]:
    described = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if not alarm.get("MetricName"):
        return {**described, "alarmRule": alarm.get("AlarmRule", "")}
    metric = {
        "namespace": alarm["Namespace"],
        "name": alarm["MetricName"],
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []},
    }
    statistic = {
        "metric": metric,
        "period": alarm["Period"],
        "stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
        **({"unit": alarm["Unit"]} if alarm.get("Unit") else {}),
    }
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"]))
    return {**described, "metrics": [{"id": identifier, "metricStat": statistic, "returnData": True}]}


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
