"""Wait for changes that are under way in AWS, within the time that the credentials of a workflow's job last."""

from collections.abc import Callable, Collection
from typing import TypeVar

from mlops_platform.release import DeploymentError

CREDENTIAL_MINUTES = 120
"""Lifetime of the credentials of the workflow's job."""
MINUTES_BESIDES = 20
"""For everything in the job but waiting for AWS; the job ends five minutes before its credentials do."""

T = TypeVar("T")


def until_settled(
    describe: Callable[[], T],
    status_of: Callable[[T], str],
    *,
    name: str,
    busy: Collection[str],
    minutes: float,
    say: Callable[[str], None],
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> T:
    """Wait until a resource is no longer being changed, and return its description.

    Args:
        describe: returns the resource's description.
        status_of: returns the status that a description has.
        name: the resource's name, for messages.
        busy: statuses in which AWS is changing the resource; each ends without being asked to.
        minutes: time to wait.
        say: is told each new status that is waited for.
        now: the time in seconds.
        sleep: waits that many seconds.

    Raises:
        DeploymentError: the resource is still being changed when the time is over.
    """
    started = now()
    said = ""
    while True:
        description = describe()
        status = status_of(description)
        if status not in busy:
            return description
        if status != said:
            said = status
            say(f"{name} is {status}: waiting")
        elapsed = now() - started
        pause = min(10.0, 1.0 + elapsed / 30)
        if elapsed + pause > minutes * 60:
            raise DeploymentError(
                f"{name} is still {status} after {minutes:.0f} minutes; run this again when it is not"
            )
        sleep(pause)
