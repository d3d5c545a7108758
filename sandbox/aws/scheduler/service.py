"""The operations of EventBridge Scheduler, and the thread that runs schedules."""

import threading
import time

from sandbox.aws import clock
from sandbox.aws.ministack import gateway
from sandbox.aws.rest_service import RestService
from sandbox.aws.scheduler import groups, schedules

NAME = "scheduler"

SERVICE = RestService(name=NAME, operations={**groups.OPERATIONS, **schedules.OPERATIONS})


def install() -> None:
    """Answer Scheduler's requests, and run schedules from now on."""
    SERVICE.install()
    threading.Thread(target=_watch, name="schedules", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(clock.seconds(clock.TICK))
        try:
            schedules.run_due()
        except Exception:  # One schedule must not keep the others from running.
            gateway.logger.exception("schedules")
