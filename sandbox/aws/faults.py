"""Faults on demand, for tests: events that get lost, or come twice, answers that get lost, and apps that do not answer.

Source: SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge" (several events for a
change); Amazon EventBridge User Guide, "Events from AWS services" (delivery by best effort); EventBridge Scheduler User
Guide, "Managing a schedule" (calls are tried again).
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sandbox.aws.errors import ServiceError


@dataclass(kw_only=True)
class Fault:
    """A fault of the next events of AWS's services, of the next calls of EventBridge Scheduler, or of the next requests to MLflow apps."""

    drop_events: int = 0
    """Number of events that get lost."""
    repeat_events: int = 0
    """Number of events, of those that are not lost, that come twice."""
    detail_type: str = ".*"
    """Regular expression that matches the whole detail type of the events."""
    lose_answers: int = 0
    """Number of calls of EventBridge Scheduler that are carried out and answered with a server's error."""
    fail_mlflow: int = 0
    """Number of requests to MLflow apps that are not carried out and answered with a server's error."""


_lock = threading.Lock()
_faults: list[Fault] = []


def add(members: Mapping[str, Any]) -> None:
    """Add a fault of the next events.

    Raises:
        ServiceError: this is no fault.
    """
    unknown = sorted(set(members) - {field.name for field in fields(Fault)})
    if unknown:
        raise ServiceError("ValidationException", f"a fault has no {', '.join(unknown)}")
    with _lock:
        _faults.append(Fault(**members))


def clear() -> None:
    """Forget all faults."""
    with _lock:
        _faults.clear()


def times_sent(detail_type: str) -> int:
    """Return the number of times that the event which a service sends now arrives."""
    with _lock:
        for fault in _faults:
            if not re.fullmatch(fault.detail_type, detail_type):
                continue
            if fault.drop_events > 0:
                fault.drop_events -= 1
                return 0
            if fault.repeat_events > 0:
                fault.repeat_events -= 1
                return 2
    return 1


def loses_answer() -> bool:
    """Return whether the answer of the call gets lost that EventBridge Scheduler makes now."""
    return _strikes("lose_answers")


def fails_mlflow() -> bool:
    """Return whether the request that an MLflow app gets now fails."""
    return _strikes("fail_mlflow")


def _strikes(name: str) -> bool:
    """Return whether a fault of this name is left for the request that arrives now, and use it up."""
    with _lock:
        for fault in _faults:
            if (left := getattr(fault, name)) > 0:
                setattr(fault, name, left - 1)
                return True
    return False
