"""Waiting for what takes its time, on a machine that does much else."""

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 420
"""The longest that anything is waited for."""
SECONDS_BETWEEN_LOOKS = 0.25
"""GitHub lets one user ask 5,000 times an hour."""

Found = TypeVar("Found")


def wait_until(found: Callable[[], Found | None], what: str, *, pause: float = SECONDS_BETWEEN_LOOKS) -> Found:
    """Look until there is something to be found, and return it."""
    deadline = time.monotonic() + SECONDS
    while not (thing := found()):
        assert time.monotonic() < deadline, f"{what}: not within {SECONDS} seconds"
        time.sleep(pause)
    return thing
