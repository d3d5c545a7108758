"""A deadline, and waiting within it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from functions.shared.github_api.errors import DeadlinePassedError


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """The moment by which the work must be done."""

    at: float
    """Seconds on the clock `now`."""
    advice: str = "try again"
    """Advice for the user when there was not enough time."""
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def remaining(self) -> float:
        """Return the seconds that are left; never negative."""
        return max(0.0, self.at - self.now())

    def pause(self, seconds: float, *, waiting_for: str) -> None:
        """Wait, if the work can still be done afterwards.

        Raises:
            DeadlinePassedError: the wait would outlast the deadline.
        """
        if seconds >= self.remaining():
            raise DeadlinePassedError(f"no time is left to wait {seconds:.0f} s for {waiting_for}; {self.advice}")
        self.sleep(seconds)
