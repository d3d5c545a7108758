"""A clock for tests."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Clock:
    """A clock that only waiting moves."""

    now: float = 1_000_000.0
    on_sleep: Callable[[float], None] = lambda now: None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.on_sleep(self.now)
