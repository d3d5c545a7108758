"""Events that AWS's services send to the default bus of an account."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.aws import faults
from sandbox.aws.ministack import eventbridge


def send(source: str, detail_type: str, resources: Sequence[str], detail: Mapping[str, Any]) -> None:
    """Send an event of a service to the current account's bus; a fault may lose or repeat it."""
    for _ in range(faults.times_sent(detail_type)):
        eventbridge.put_event(source, detail_type, resources, detail)
