"""The latest retraining of an environment: one object in the project's bucket, written only under a condition."""

from dataclasses import dataclass
from typing import Any, Literal

from functions.deployment_trigger.conditional_records import ConditionalRecords

FOLDER = "retraining/"
PAUSE_SECONDS = 6.5 * 24 * 3600
"""Least time between two trainings: a week, but for what the daily alarm of the day may come earlier than that of a week ago."""


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The outcome of an alarm about drift or quality."""

    name: str
    """Environment and day of the claim: the run of the training is found by it."""
    alarm_arn: str
    state: Literal["claimed", "dispatched"]
    owner: str
    """Id of the request that wrote it; Lambda keeps it when it tries again."""
    since: float
    """Seconds since 1970."""
    run_url: str | None = None

    def is_over(self, now: float) -> bool:
        """Whether the next training may be started."""
        return self.state == "dispatched" and now - self.since >= PAUSE_SECONDS


class RetrainingStore(ConditionalRecords[Retraining]):
    """Records of retrainings in the buckets of projects, where no other role writes them."""

    def __init__(self, s3: Any) -> None:
        super().__init__(s3, Retraining)
