"""The outcome of each retraining: one object in the project's bucket, written only under a condition."""

from dataclasses import dataclass
from typing import Any, Literal

from functions.deployment_trigger.conditional_records import ConditionalRecords

FOLDER = "retraining/"


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The outcome of an alarm about drift or quality."""

    alarm_arn: str
    state: Literal["claimed", "dispatched"]
    owner: str
    """Id of the request that wrote it; Lambda keeps it when it tries again."""
    since: float
    """Seconds since 1970."""
    run_url: str | None = None


class RetrainingStore(ConditionalRecords[Retraining]):
    """Records of retrainings in the buckets of projects, where no other role writes them."""

    def __init__(self, s3: Any) -> None:
        super().__init__(s3, Retraining)
