"""Log the steps of a command with their durations."""

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager

logger = logging.getLogger(__name__)


@contextmanager
def step(title: str) -> Generator[None]:
    """Log what is being done, and how long it took."""
    started = time.monotonic()
    logger.info("%s", title)
    yield
    logger.info("%s: %.1f s", title, time.monotonic() - started)
