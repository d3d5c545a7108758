"""Read the settings of every environment from settings.toml, and check them.

The tables of the file hold for every environment. That of an environment says how the pipeline runs there, and its tables below
replace single keys of the others: `[prod.quality]` those of `[quality]`.
"""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_platform.project import settings_file
from mlops_platform.project.settings_file import SettingsError
from mlops_platform.scheduled import cron
from pipeline import settings
from pipeline.definition import PENDING
from pipeline.project import ENVIRONMENTS
from pipeline.settings import Settings

APPROVALS = {"by a person": PENDING, "none": "Approved"}
"""Status with which a model is registered, by the approval that it then needs."""
SHORTEST_INTERVAL_MINUTES = 60
"""A start that fails is repeated for less than an hour. No `rate(…)`, whose first start is due at once: just after the execution that proved
the version. Source: EventBridge Scheduler User Guide, "Schedule types"."""
INCOMING = "incoming"
"""Folder of an account's own data, which the roles of its jobs may read."""
DATA = ("repository", INCOMING)


@dataclass(frozen=True, kw_only=True)
class Running:
    """The ways of the pipeline in one environment."""

    data: str
    """`repository`: the file of this repository in [data]. `incoming`: the account's own CSV files, in the folder of that name."""
    approval: str
    """The approval that a registered model needs: `by a person`, or `none`, which the accounts of preprod and prod permit."""
    schedule: str
    """Times at which the live version starts, as `cron(…)` of EventBridge Scheduler; empty for none."""
    time_zone: str
    """Time zone of the schedule, such as Europe/Dublin."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """All settings of an environment."""

    running: Running
    settings: Settings

    @property
    def approval_status(self) -> str:
        """Status with which models are registered."""
        return APPROVALS[self.running.approval]


def read(file: Path) -> dict[str, Environment]:
    """Read settings.toml; returns the settings of each environment.

    Raises:
        SettingsError: a key is missing, unknown, of the wrong type or out of range; all such keys are listed.
    """
    content = settings_file.load(file)
    found = {name: _problems(name, content) for name in ENVIRONMENTS}
    # What is wrong in a table of all environments is wrong in each.
    everywhere = [problem for problem in found["dev"] if all(problem in each for each in found.values())]
    problems = everywhere + [
        f"for {name}: {problem}" for name, each in found.items() for problem in each if problem not in everywhere
    ]
    if problems:
        raise SettingsError(file, problems)
    return {
        name: Environment(running=Running(**_own(name, content)), settings=settings.parse(_tables(name, content)))
        for name in ENVIRONMENTS
    }


def _own(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.get(name, {}).items() if not isinstance(value, dict)}


def _tables(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of an environment: those of all, with its own keys in them."""
    common = {table: values for table, values in content.items() if table not in ENVIRONMENTS}
    # The definition of a scheduled pipeline cannot name the version that is the best when it runs: there is none to beat, and a
    # setting of by how much would say nothing.
    common["quality"] = {**common.get("quality", {}), "least_improvement": 0.01}
    own = {table: values for table, values in content.get(name, {}).items() if isinstance(values, dict)}
    return {**common, **{table: {**common.get(table, {}), **values} for table, values in own.items()}}


def _problems(name: str, content: Mapping[str, Any]) -> list[str]:
    own = _own(name, content)
    found = settings_file.problems({name: own}, {name: Running})
    if not found:
        running = Running(**own)
        checks = {
            f"data must be one of {', '.join(map(repr, DATA))}": running.data in DATA,
            f"approval must be one of {', '.join(map(repr, APPROVALS))}": running.approval in APPROVALS,
            "approval must be 'by a person': the roles of dev register nothing that is approved": (
                name != "dev" or running.approval != "none"
            ),
            **_schedule_checks(running.schedule),
            "time_zone must be a time zone, such as Europe/Dublin": (
                running.time_zone in zoneinfo.available_timezones()
            ),
        }
        found = [f"[{name}] {problem}" for problem, holds in checks.items() if not holds]
    return found + settings.problems(_tables(name, content))


def _schedule_checks(schedule: str) -> dict[str, bool]:
    if not schedule:
        return {}
    try:
        minutes = cron.shortest_minutes(schedule, datetime.now(UTC).year)
    except cron.CronError as error:
        return {f"schedule {error}": False}
    return {"schedule must start the pipeline once an hour at most": minutes >= SHORTEST_INTERVAL_MINUTES}
