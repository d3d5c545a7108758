"""Metrics in logs: CloudWatch extracts them from events in the embedded metric format when these are put.

Sources: Amazon CloudWatch User Guide, "Using the PutLogEvents API to send manually-created embedded metric format logs"; CloudWatch
Logs User Guide, "Log classes", and "Monitoring with CloudWatch metrics", which counts what is wrong.
"""

import time

from sandbox.aws.cloudwatch import embedded_format
from sandbox.aws.cloudwatch.embedded_format import MalformedError
from sandbox.aws.ministack import cloudwatch, gateway, logs
from sandbox.aws.ministack.gateway import Handler, Request, Response

FORMAT_HEADER = "x-amzn-logs-format"
"""Header by which a client may say that its events are in the format; CloudWatch finds those in it without, too."""


def install() -> None:
    """Extract metrics from the events that are put from now on."""
    gateway.intercept("logs", _answer)


async def _answer(request: Request, go_on: Handler) -> Response:
    response = await go_on(request)
    members = request.json()
    group = members.get("logGroupName", "")
    if request.target == "PutLogEvents" and response[0] == 200 and logs.class_of(group) == "STANDARD":
        declared = request.headers.get(FORMAT_HEADER) == "json/emf"
        for event in members["logEvents"]:
            _extract(event["message"], group, declared=declared)
    return response


def _extract(message: str, group: str, *, declared: bool) -> None:
    event = embedded_format.document(message)
    if event is None:
        if declared:
            cloudwatch.record_count("AWS/Logs", "EMFParsingErrors", 1, {"LogGroupName": group})
        return
    try:
        found = list(embedded_format.metrics(event, time.time()))
    except MalformedError:
        cloudwatch.record_count("AWS/Logs", "EMFValidationErrors", 1, {"LogGroupName": group})
        return
    for namespace, datum in found:
        cloudwatch.put_metric_data(namespace, [datum])
