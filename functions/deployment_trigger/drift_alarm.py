"""The alarm about drift of a project's endpoint, by its ARN: which project it is of, and in which environment."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from functions.deployment_trigger.errors import RefusedError
from functions.deployment_trigger.retraining_store import FOLDER
from functions.deployment_trigger.settings import Settings

_ARN = re.compile(
    r"arn:aws[a-z-]*:cloudwatch:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):alarm:(?P<prefix>[a-z0-9-]+)-(?P<project>p-[a-z0-9]{12})-drift"
)


@dataclass(frozen=True, kw_only=True)
class DriftAlarm:
    """An alarm about drift."""

    arn: str
    environment: str
    project_id: str

    def retraining(self, now: float) -> str:
        """Return the name of the retraining that it asks for: one for each environment and week, by ISO 8601 in UTC.

        Args:
            now: seconds since 1970.
        """
        year, week, _ = datetime.fromtimestamp(now, UTC).isocalendar()
        return f"{self.environment}-{year}-W{week:02}"

    def key(self, now: float) -> str:
        """Return the key of the retraining's record."""
        week = self.retraining(now).removeprefix(f"{self.environment}-")
        return f"{FOLDER}{self.environment}/{week}.json"


def parse_alarm(arn: str, settings: Settings) -> DriftAlarm:
    """Read the ARN of an alarm.

    Each project's deployment role makes alarms of its own name alone, so the name says whose alarm it is.

    Raises:
        RefusedError: it is none about drift, in an account that projects deploy to.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        raise RefusedError(f"{arn} is no alarm about drift of a project")
    for environment, account in settings.deployment_accounts:
        place = (settings.region, account, f"{settings.unit}-{environment}")
        if (found["region"], found["account"], found["prefix"]) == place:
            return DriftAlarm(arn=arn, environment=environment, project_id=found["project"])
    raise RefusedError(f"{arn} is of no environment that projects of this one deploy to")
