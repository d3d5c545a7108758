"""Read the settings of the batch from settings.toml, and check them."""

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlops_platform.project import instance_types, settings_file
from mlops_platform.release.known_rows import Limits
from mlops_platform.release.project import ENVIRONMENTS
from mlops_platform.scheduled import cron


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The times and the machine of one environment."""

    schedule: str
    """Times of the runs: `cron(minutes hours day-of-month month day-of-week year)`. Empty: none, runs are started by hand.

    Not `rate(…)`, whose times begin with the deployment, to the second: nobody could say how to call the folder of a window.
    """
    time_zone: str
    """Zone in which the times are meant, such as Europe/Berlin. The name of a run's window is in UTC all the same.

    A time that does not exist on the day when clocks go forward is left out: between two and three o'clock in most zones but UTC.
    """
    flexible_minutes: int
    """A run starts at any time within so many minutes after its time; 0 starts it at its time."""
    instance_type: str
    volume_gigabytes: int
    """Size of the encrypted disk, which holds a window's input and output."""
    maximum_minutes: int
    """A run that takes longer is stopped, and has failed."""
    usd_per_hour: float
    """Price of the instance, for the summaries of runs: the project's role may not ask AWS for prices. That of the template is the highest of
    those that the platform knows; where yours is higher, summaries say too little until you enter it."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """The place of the input."""

    prefix: str
    """Folder below `input/` in the batch's own folder; it has a folder for each window."""


@dataclass(frozen=True, kw_only=True)
class Retries:
    """Another start when AWS does not take one; then the start is a dead letter, and an alarm tells."""

    maximum_attempts: int
    maximum_minutes: int
    """Less than the time between two starts."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The limits beyond which rows are unlike those of training."""

    psi: float
    """Largest population stability index of a column. 0.1 finds a measurement that is a quarter too large."""
    least_rows: int
    """With fewer rows there is no verdict: they differ by chance."""


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Limits of a run. Runs that fail, are not started or whose rows have drifted are told in any case."""

    quarantined_percent: float
    """Largest share of the rows that could not be scored."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; one attribute per table of the file."""

    plans: dict[str, Plan]
    """By environment."""
    input: Input
    retries: Retries
    drift: Drift
    alarms: Alarms
    test: Limits
    """Limits for the answers to the rows in smoke/, which are scored after each deployment."""


PLANS = dict.fromkeys(ENVIRONMENTS, Plan)
TABLES = {"input": Input, "retries": Retries, "drift": Drift, "alarms": Alarms, "test": Limits}
PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*")
SHORTEST_INTERVAL_MINUTES = 15
"""A job takes minutes to get its machine."""
LONGEST_JOB_MINUTES = 5 * 24 * 60
"""Source: SageMaker API Reference, ProcessingStoppingCondition."""


def read(file: Path) -> Settings:
    """Read settings.toml.

    Raises:
        SettingsError: a key is missing, unknown, of the wrong type or out of range; all such keys are listed.
    """
    tables = settings_file.read(file, {**PLANS, **TABLES})
    settings = Settings(plans={name: tables[name] for name in PLANS}, **{name: tables[name] for name in TABLES})
    checks = [_plan_checks(name, plan, settings.retries) for name, plan in settings.plans.items()]
    settings_file.require(
        file, {problem: holds for each in (*checks, _checks(settings)) for problem, holds in each.items()}
    )
    return settings


def _plan_checks(name: str, plan: Plan, retries: Retries) -> dict[str, object]:
    checks = {
        **_schedule_checks(plan.schedule, retries),
        "time_zone is no zone of the IANA database, such as Europe/Berlin": (
            plan.time_zone in zoneinfo.available_timezones()
        ),
        # EventBridge Scheduler API Reference, FlexibleTimeWindow.
        "flexible_minutes must be 0 to 1440": 0 <= plan.flexible_minutes <= 1440,
        **instance_types.checks("instance_type", plan.instance_type, instance_types.FOR_PROCESSING),
        "volume_gigabytes must be 1 to 16384": 1 <= plan.volume_gigabytes <= 16384,
        f"maximum_minutes must be 1 to {LONGEST_JOB_MINUTES}": 1 <= plan.maximum_minutes <= LONGEST_JOB_MINUTES,
        "usd_per_hour must be above 0": plan.usd_per_hour > 0,
    }
    return {f"[{name}] {problem}": holds for problem, holds in checks.items()}


def _checks(settings: Settings) -> dict[str, object]:
    retries, drift = settings.retries, settings.drift
    return {
        "[input] prefix must be folders of letters, digits, - and _, with / between them": (
            PREFIX.fullmatch(settings.input.prefix) is not None
        ),
        # EventBridge Scheduler API Reference, RetryPolicy.
        "[retries] maximum_attempts must be 0 to 185": 0 <= retries.maximum_attempts <= 185,
        "[retries] maximum_minutes must be 1 to 1440": 1 <= retries.maximum_minutes <= 1440,
        "[drift] psi must be above 0": drift.psi > 0,
        "[drift] least_rows must be at least 200: fewer differ by chance alone": drift.least_rows >= 200,
        "[alarms] quarantined_percent must be 0 to 100": 0 <= settings.alarms.quarantined_percent <= 100,
        **settings.test.checks("test"),
    }


def _schedule_checks(schedule: str, retries: Retries) -> dict[str, object]:
    if not schedule:
        return {}
    try:
        minutes = cron.shortest_minutes(schedule, datetime.now(UTC).year)
    except cron.CronError as error:
        return {f"schedule {error}": False}
    return {
        f"schedule must leave {SHORTEST_INTERVAL_MINUTES} minutes between two starts, or runs wait for each other": (
            minutes >= SHORTEST_INTERVAL_MINUTES
        ),
        "schedule starts again before [retries] maximum_minutes are over": minutes > retries.maximum_minutes,
    }
