"""The one deviation in time: what takes minutes on AWS takes as many seconds here, or fewer.

Every wait that AWS imposes (a bake time, an alarm's period, a rate, a retry's pause) goes through `seconds` or `sleep`, so
that all of them keep their proportions. Time stamps are real, and so is the calendar of schedules, unless a test moves it.
"""

import threading
import time

SECONDS_PER_EMULATED_MINUTE = 1.0
"""Length of one of AWS's minutes; `python -m sandbox.aws --seconds-per-minute` sets it before the server starts."""

TICK = 6.0
"""Seconds of AWS's between two looks at something that changes with time, such as alarms and schedules."""

_moved = [0.0]
_change = threading.Condition()


def seconds(emulated: float) -> float:
    """Return the real seconds that `emulated` seconds of AWS's take."""
    return emulated * SECONDS_PER_EMULATED_MINUTE / 60


def now() -> float:
    """Return the moment by the calendar of schedules, in seconds since the epoch: the real one, as far as it was not moved."""
    return time.time() + _moved[0]


def elapsed() -> float:
    """Return a moment in seconds of AWS's; only the difference of two moments means something."""
    return time.monotonic() * 60 / SECONDS_PER_EMULATED_MINUTE + _moved[0]


def sleep(emulated: float) -> None:
    """Wait for so many seconds of AWS's, or until the time has been moved as far."""
    end = elapsed() + emulated
    with _change:
        while (left := end - elapsed()) > 0:
            _change.wait(seconds(left))


def move(emulated: float) -> None:
    """Move the calendar and the waits of `sleep` ahead."""
    with _change:
        _moved[0] += emulated
        _change.notify_all()
