"""The alarms by which an endpoint asks for a training, by their ARNs: about which project, in which environment, and why."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from functions.deployment_trigger.errors import RefusedError
from functions.deployment_trigger.retraining_store import FOLDER
from functions.deployment_trigger.settings import Settings

_ARN = re.compile(
    r"arn:aws[a-z-]*:cloudwatch:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):alarm:(?P<prefix>[a-z0-9-]+)-(?P<project>p-[a-z0-9]{12})-(?P<cause>drift|quality)"
)
_REASONS = {"drift": "requests have drifted", "quality": "answers are worse than a version may give to be registered"}
"""By the last part of an alarm's name."""


@dataclass(frozen=True, kw_only=True)
class RetrainingAlarm:
    """An alarm about drift, or about the quality of answers."""

    arn: str
    environment: str
    project_id: str
    cause: str
    """`drift` or `quality`."""

    @property
    def reason(self) -> str:
        """The reason for a training, in words."""
        return _REASONS[self.cause]

    def retraining(self, now: float) -> str:
        """Return the name of the retraining that it asks for: its environment, and the day in UTC, whatever the cause.

        Args:
            now: seconds since 1970.
        """
        return f"{self.environment}-{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"

    @property
    def key(self) -> str:
        """The key of the record of its environment's latest retraining."""
        return f"{FOLDER}{self.environment}/latest.json"


def parse_alarm(arn: str, settings: Settings) -> RetrainingAlarm:
    """Read the ARN of an alarm.

    Each project's deployment role makes alarms of its own name alone, so the name says whose alarm it is.

    Raises:
        RefusedError: it is none of these, or in no account that models are trained again for.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        raise RefusedError(f"{arn} is no alarm about drift or quality of a project")
    for environment, account in settings.retraining_accounts:
        place = (settings.region, account, f"{settings.unit}-{environment}")
        if (found["region"], found["account"], found["prefix"]) == place:
            return RetrainingAlarm(arn=arn, environment=environment, project_id=found["project"], cause=found["cause"])
    raise RefusedError(f"{arn} is of no environment that models are trained again for")
