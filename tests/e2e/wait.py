"""Wait for a condition, with time for a busy machine."""

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 420
"""Maximum wait."""
POLL_SECONDS = 0.25
"""GitHub limits a user to 5,000 requests an hour."""

Found = TypeVar("Found")


def wait_until(found: Callable[[], Found | None], what: str, *, pause: float = POLL_SECONDS) -> Found:
    """Call `found` until its result is true, and return that; `what` describes it in the message of a timeout."""
    deadline = time.monotonic() + SECONDS
    while not (thing := found()):
        assert time.monotonic() < deadline, f"{what}: not within {SECONDS} seconds"
        time.sleep(pause)
    return thing
