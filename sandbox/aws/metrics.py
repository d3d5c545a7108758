"""Metrics that services put by themselves, once a minute (`clock`): how many messages wait in each queue.

Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
"""

import math
from collections.abc import Mapping

from sandbox.aws import clock, emulator

NAMESPACE = "AWS/SQS"
COUNTS: Mapping[str, str] = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
"""By metric: the queue's attribute that it shows."""
KEPT = 600
"""Data points of one metric; alarms and dashboards look at fewer."""

_minutes: dict[str, int] = {}


def collect(now: float) -> None:
    """Put this minute's data points, if nobody has yet."""
    minute = math.floor(now / clock.seconds(60))
    if _minutes.get(NAMESPACE) == minute:
        return
    _minutes[NAMESPACE] = minute
    for (account, region, _), queue in list(emulator.sqs._queues._data.items()):
        with emulator.responses.request_scope(account, region):
            emulator.sqs._refresh_counts(queue)
            name = queue["attributes"]["QueueArn"].rpartition(":")[2]
            for metric, attribute in COUNTS.items():
                value = float(queue["attributes"][attribute])
                emulator.cloudwatch.record_metric(NAMESPACE, metric, value, "Count", {"QueueName": name})
                key = (NAMESPACE, metric, emulator.cloudwatch._dims_key({"QueueName": name}))
                del emulator.cloudwatch._metrics[key][:-KEPT]
