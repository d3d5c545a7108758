"""CloudWatch: alarms and dashboards; IAM decides about each of those that a request names."""

from collections.abc import Iterator
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope


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
    """Yield the condition keys of a request."""
    if operation == "PutMetricAlarm":
        yield "cloudwatch:AlarmActions", members.get("AlarmActions") or None
    if operation == "PutMetricData":
        yield "cloudwatch:namespace", members.get("Namespace")
