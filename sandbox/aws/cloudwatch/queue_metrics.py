"""Metrics that SQS puts once a minute (`clock`): messages that wait in each queue, and messages that arrived.

Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
"""

import math
from collections.abc import Mapping

from sandbox.aws import clock
from sandbox.aws.ministack import cloudwatch, scope, sqs

NAMESPACE = "AWS/SQS"
COUNTS: Mapping[str, str] = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
"""By metric: the queue's attribute that it shows."""
SENT = "NumberOfMessagesSent"
"""Messages that were sent since the last data point; here, only those that no consumer has deleted meanwhile."""
KEPT = 600
"""Data points of one metric; alarms and dashboards look at fewer."""

_minutes: dict[str, int] = {}
_collected: dict[str, float] = {}


def collect(now: float) -> None:
    """Put this minute's data points, unless they are there already."""
    minute = math.floor(now / clock.seconds(60))
    if _minutes.get(NAMESPACE) == minute:
        return
    _minutes[NAMESPACE] = minute
    since = _collected.get(NAMESPACE, now - clock.seconds(60))
    _collected[NAMESPACE] = now
    for account, region, queue in sqs.queues():
        with scope.request_scope(account, region):
            sqs.count_messages(queue)
            name = queue["attributes"]["QueueArn"].rpartition(":")[2]
            values = {metric: float(queue["attributes"][attribute]) for metric, attribute in COUNTS.items()}
            values[SENT] = float(sum(since < message["sent_at"] <= now for message in queue["messages"]))
            for metric, value in values.items():
                cloudwatch.record_count(NAMESPACE, metric, value, {"QueueName": name}, keep=KEPT)
