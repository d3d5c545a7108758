"""CloudWatch: alarms and dashboards; IAM decides about each of those that a request names."""

from collections.abc import Iterator
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope

ACTIONS = ("AlarmActions", "InsufficientDataActions", "OKActions")
"""Members of a request that name what an alarm does."""


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resources of a request."""
    if "ResourceARN" in members:
        yield members["ResourceARN"]
    if "Dashboard" in operation:
        for name in (members.get("DashboardName"), *members.get("DashboardNames", [])):
            if name:
                yield f"arn:aws:cloudwatch::{scope.account_id()}:dashboard/{name}"
    elif "Alarm" in operation and operation != "DescribeAlarmsForMetric":
        alarms = [name for name in (members.get("AlarmName"), *members.get("AlarmNames", [])) if name]
        # A prefix picks among all alarms.
        for name in alarms or ["*"]:
            yield scope.arn("cloudwatch", f"alarm:{name}")


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request.

    `AlarmActions` are those of an alarm that changes to any state.
    Source: Amazon CloudWatch User Guide, "Using condition keys to limit alarm actions".
    """
    if operation in ("PutCompositeAlarm", "PutMetricAlarm"):
        actions = [each for name in ACTIONS for each in members.get(name, [])]
        yield "cloudwatch:AlarmActions", actions or None
    if operation == "PutMetricData":
        yield "cloudwatch:namespace", members.get("Namespace")
