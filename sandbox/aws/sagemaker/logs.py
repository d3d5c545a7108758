"""Logs of containers: shown in CloudWatch Logs if the containers' role may write there; AWS does not insist."""

import contextlib
from collections.abc import Sequence
from typing import Any

from sandbox.aws.ministack import gateway
from sandbox.aws.service import now

MOST_EVENTS = 10_000
"""CloudWatch Logs takes no more at once."""


def write(client: Any, group: str, stream: str, lines: Sequence[str]) -> None:
    """Append lines to a stream, which is created if it does not exist."""
    from botocore.exceptions import ClientError

    moment = int(now() * 1000)
    events = [{"timestamp": moment, "message": line} for line in lines if line.strip()][-MOST_EVENTS:]
    existing = client.exceptions.ResourceAlreadyExistsException
    try:
        with contextlib.suppress(existing):
            client.create_log_group(logGroupName=group)
        with contextlib.suppress(existing):
            client.create_log_stream(logGroupName=group, logStreamName=stream)
        if events:
            client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    except ClientError as error:
        gateway.logger.warning("%s in %s is not shown: %s", stream, group, error)
