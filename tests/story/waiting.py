"""Waiting for what takes its time, on a machine that does much else."""

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 420
"""The longest that anything is waited for."""

Found = TypeVar("Found")


def wait_for(found: Callable[[], Found | None], what: str) -> Found:
    """Look until there is something to be found, and return it."""
    deadline = time.monotonic() + SECONDS
    while not (thing := found()):
        assert time.monotonic() < deadline, f"{what}: not within {SECONDS} seconds"
        time.sleep(0.1)
    return thing
