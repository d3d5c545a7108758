"""Read the settings of the endpoint from settings.toml, and check them."""

from dataclasses import dataclass
from pathlib import Path

from mlops_platform.project import instance_types, settings_file
from mlops_platform.release.known_rows import Limits
from mlops_platform.release.project import ENVIRONMENTS
from mlops_platform.release.waiting import CREDENTIAL_MINUTES, MINUTES_BESIDES


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The instances of one environment, and how a new version replaces them."""

    instance_type: str
    minimum_instances: int
    maximum_instances: int
    """Autoscaling stays between the two."""
    canary_percent: int
    """Share of the new fleet that gets requests first; 0 moves all requests at once."""
    shadow_version: int
    """Approved model version that gets a copy of the requests, and whose answers are discarded; 0 for none."""
    shadow_percent: int
    """Share of the requests that the shadow gets."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The load at which instances are added and removed."""

    invocations_per_instance: int
    """Requests a minute that one instance is meant to answer."""
    add_after_seconds: int
    remove_after_seconds: int


@dataclass(frozen=True, kw_only=True)
class Release:
    """The release of a new version; the old fleet exists until the end."""

    baking_minutes: int
    """Time that the canary is watched before all requests move."""
    termination_wait_minutes: int
    """Time that the new fleet is watched with all requests before the old one is removed."""
    maximum_minutes: int
    """A release that takes longer is rolled back."""


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Limits of the endpoint. The first and the last also roll a release back."""

    server_error_percent: float
    """Share of requests that the endpoint or the model fails to answer."""
    client_error_percent: float
    """Share of requests that are refused because of the caller."""
    latency_milliseconds: float
    """The model's own time, at the 99th percentile."""


@dataclass(frozen=True, kw_only=True)
class Capture:
    """Share of the requests and answers that are kept, encrypted, to watch or retrain the model."""

    percent: int


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The job that compares captured requests with the rows that the version was trained on, and its answers with the truth."""

    every_hours: int
    """Time between two jobs, and length of the window that each looks at: a divisor of 24, or 0 for none."""
    instance_type: str
    volume_gigabytes: int
    """Size of the encrypted disk, which holds all captured requests to the version: those of the last 35 days."""
    psi: float
    """Largest population stability index of a column. 0.1 finds a measurement that is a quarter too large."""
    truth_days: int
    """Age of the oldest requests whose truth is looked for: longer than truth takes to come; 0 looks for none."""


@dataclass(frozen=True, kw_only=True)
class Test(Limits):
    """Limits for the answers to the rows in smoke/, tested after each deployment."""

    latency_milliseconds: float
    """Of nine in ten requests with a single row, network included."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; one attribute per table of the file."""

    fleets: dict[str, Fleet]
    """By environment."""
    scaling: Scaling
    release: Release
    alarms: Alarms
    capture: Capture
    watch: Watch
    test: Test


FLEETS = dict.fromkeys(ENVIRONMENTS, Fleet)
TABLES = {
    "scaling": Scaling,
    "release": Release,
    "alarms": Alarms,
    "capture": Capture,
    "watch": Watch,
    "test": Test,
}
EVERY_HOURS = (0, 1, 2, 3, 4, 6, 8, 12, 24)
"""Whole parts of a day, so that each window begins where the one before it ended."""
LONGEST_TRUTH_DAYS = 34
"""The account deletes captured requests after 35 days."""
SHORTEST_TO_SETTLE = 20
"""Minutes that a release takes to be rolled back, at least."""


def read(file: Path) -> Settings:
    """Read settings.toml.

    Raises:
        SettingsError: a key is missing, unknown, of the wrong type or out of range; all such keys are listed.
    """
    tables = settings_file.read(file, {**FLEETS, **TABLES})
    settings = Settings(fleets={name: tables[name] for name in FLEETS}, **{name: tables[name] for name in TABLES})
    checks = [_fleet_checks(name, fleet) for name, fleet in settings.fleets.items()]
    checks.append(_watch_checks(settings.watch, settings.capture))
    settings_file.require(
        file, {problem: holds for each in (*checks, _checks(settings)) for problem, holds in each.items()}
    )
    return settings


def minutes_to_settle(release: Release) -> float:
    """Return the minutes to wait for an earlier release before this one begins, and for this one's rollback after it."""
    return (CREDENTIAL_MINUTES - MINUTES_BESIDES - release.maximum_minutes) / 2


def _fleet_checks(name: str, fleet: Fleet) -> dict[str, object]:
    smallest, canary = fleet.minimum_instances, fleet.canary_percent
    one_instance = -(-100 // max(smallest, 1))
    checks = {
        **instance_types.checks("instance_type", fleet.instance_type, instance_types.FOR_ENDPOINTS),
        "instance_type is burstable, which SageMaker does not scale; use another, such as ml.m5.large": (
            not instance_types.is_burstable(fleet.instance_type)
        ),
        # AWS: with Inf1 instances, guardrails do nothing: all requests move at once, and no alarm is watched.
        "instance_type is of the family inf1, which SageMaker cannot release gradually or roll back; use inf2": (
            not fleet.instance_type.startswith("ml.inf1.")
        ),
        "minimum_instances must be at least 1, and at most maximum_instances": 1 <= smallest <= fleet.maximum_instances,
        # AWS Security Hub, control SageMaker.4.
        "minimum_instances must be at least 2, in two zones": name != "prod" or smallest >= 2,
        "canary_percent must be 0 to 50, which is SageMaker's limit": 0 <= canary <= 50,
        f"canary_percent is less than one of {smallest} instances: use at least {one_instance}, or 0": (
            canary == 0 or canary * smallest >= 100
        ),
        "shadow_version must be the number of a model version, or 0": fleet.shadow_version >= 0,
        "shadow_percent must be 1 to 100": 1 <= fleet.shadow_percent <= 100,
    }
    return {f"[{name}] {problem}": holds for problem, holds in checks.items()}


def _watch_checks(watch: Watch, capture: Capture) -> dict[str, object]:
    return {
        "[watch] every_hours must be 0, which watches nothing, or a divisor of 24: 1, 2, 3, 4, 6, 8, 12 or 24": (
            watch.every_hours in EVERY_HOURS
        ),
        "[watch] every_hours must be 0 where [capture] percent is 0: there is nothing to watch": (
            watch.every_hours == 0 or capture.percent != 0
        ),
        "[watch] instance_type is no type of instance for a processing job, such as ml.m5.large": (
            watch.instance_type in instance_types.known(instance_types.FOR_PROCESSING)
        ),
        "[watch] instance_type has a disk of its own, for which SageMaker takes no key; use one without": (
            not instance_types.has_its_own_disk(watch.instance_type)
        ),
        "[watch] volume_gigabytes must be 1 to 16384": 1 <= watch.volume_gigabytes <= 16384,
        "[watch] psi must be above 0": watch.psi > 0,
        f"[watch] truth_days must be 0 to {LONGEST_TRUTH_DAYS}: requests are kept for a day more": (
            0 <= watch.truth_days <= LONGEST_TRUTH_DAYS
        ),
    }


def _checks(settings: Settings) -> dict[str, object]:
    scaling, release, alarms, test = settings.scaling, settings.release, settings.alarms, settings.test
    watched = release.baking_minutes + release.termination_wait_minutes
    longest = CREDENTIAL_MINUTES - MINUTES_BESIDES - 2 * SHORTEST_TO_SETTLE
    return {
        "[scaling] invocations_per_instance must be above 0": scaling.invocations_per_instance > 0,
        "[scaling] add_after_seconds and remove_after_seconds must be 0 to 3600": (
            0 <= scaling.add_after_seconds <= 3600 and 0 <= scaling.remove_after_seconds <= 3600
        ),
        "[release] baking_minutes and termination_wait_minutes must be 1 to 60": (
            1 <= release.baking_minutes <= 60 and 1 <= release.termination_wait_minutes <= 60
        ),
        f"[release] maximum_minutes must be 10 to {longest}: the workflow's credentials last {CREDENTIAL_MINUTES}": (
            10 <= release.maximum_minutes <= longest
        ),
        "[release] maximum_minutes leaves less than 10 minutes to start instances besides baking and waiting": (
            release.maximum_minutes >= watched + 10
        ),
        "[alarms] server_error_percent and client_error_percent must be above 0 and below 100": (
            0 < alarms.server_error_percent < 100 and 0 < alarms.client_error_percent < 100
        ),
        "[alarms] latency_milliseconds must be above 0": alarms.latency_milliseconds > 0,
        "[capture] percent must be 0 to 100": 0 <= settings.capture.percent <= 100,
        "[test] latency_milliseconds must be above 0": test.latency_milliseconds > 0,
        **test.checks("test"),
    }
