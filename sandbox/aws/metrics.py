"""Metrics that services put by themselves, once a minute (`clock`): how many messages wait in each queue, and came.

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
SENT = "NumberOfMessagesSent"
"""Messages that were sent since the last data point; here, only those that nobody has taken out meanwhile."""
KEPT = 600
"""Data points of one metric; alarms and dashboards look at fewer."""

_minutes: dict[str, int] = {}
_collected: dict[str, float] = {}


def collect(now: float) -> None:
    """Put this minute's data points, if nobody has yet."""
    minute = math.floor(now / clock.seconds(60))
    if _minutes.get(NAMESPACE) == minute:
        return
    _minutes[NAMESPACE] = minute
    since = _collected.get(NAMESPACE, now - clock.seconds(60))
    _collected[NAMESPACE] = now
    for (account, region, _), queue in list(emulator.sqs._queues._data.items()):
        with emulator.responses.request_scope(account, region):
            emulator.sqs._refresh_counts(queue)
            name = queue["attributes"]["QueueArn"].rpartition(":")[2]
            values = {metric: float(queue["attributes"][attribute]) for metric, attribute in COUNTS.items()}
            values[SENT] = float(sum(since < message["sent_at"] <= now for message in queue["messages"]))
            for metric, value in values.items():
                emulator.cloudwatch.record_metric(NAMESPACE, metric, value, "Count", {"QueueName": name})
                key = (NAMESPACE, metric, emulator.cloudwatch._dims_key({"QueueName": name}))
                del emulator.cloudwatch._metrics[key][:-KEPT]
