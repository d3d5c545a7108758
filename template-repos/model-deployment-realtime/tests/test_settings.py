"""settings.toml, and the time limits of the workflow."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from example_settings import EXAMPLE, changed

from deployment import settings
from mlops_platform import REPOSITORY
from mlops_platform.project.settings_file import SettingsError
from mlops_platform.release.waiting import CREDENTIAL_MINUTES

SETTINGS = EXAMPLE.read_text()


def test_the_settings_of_this_repository_are_possible() -> None:
    assert settings.read(REPOSITORY / "settings.toml").fleets.keys() == {"preprod", "prod"}


def test_waiting_for_sagemaker_ends_before_the_job_and_the_job_before_its_credentials() -> None:
    workflow = (REPOSITORY / ".github" / "workflows" / "deploy-environment.yml").read_text()
    jobs = {int(minutes) for minutes in re.findall(r"timeout-minutes: (\d{2,})", workflow)}
    lasting = {int(seconds) for seconds in re.findall(r"role-duration-seconds: (\d+)", workflow)}
    assert ({max(jobs)}, lasting) == (jobs, {CREDENTIAL_MINUTES * 60})
    assert max(jobs) < CREDENTIAL_MINUTES
    given = settings.read(EXAMPLE).release
    for release in (given, replace(given, maximum_minutes=60)):
        waiting = settings.minutes_to_settle(release)
        # Before the release, for it, and until it is rolled back; a quarter of an hour is for all else.
        assert waiting + release.maximum_minutes + waiting + 15 <= max(jobs)
        assert waiting >= 20
    assert settings.minutes_to_settle(given) >= given.maximum_minutes


def test_every_mistake_in_the_settings_is_listed_at_once(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS.replace("[capture]", "[captrue]").replace("highest = 35.0", 'highest = "35"'))
    with pytest.raises(SettingsError) as caught:
        settings.read(file)
    assert str(caught.value).splitlines() == [
        "settings.toml:",
        "  [captrue] is unknown",
        "  [capture] percent is missing",
        "  [test] highest is '35', expected a number",
    ]


@pytest.mark.parametrize(
    ("table", "key", "value", "problem"),
    [
        ("prod", "minimum_instances", 1, r"\[prod\] minimum_instances must be at least 2, in two zones"),
        ("prod", "minimum_instances", 7, r"\[prod\] minimum_instances must be at least 1, and at most maximum"),
        ("prod", "canary_percent", 51, r"\[prod\] canary_percent must be 0 to 50"),
        ("prod", "canary_percent", 49, r"less than one of 2 instances: use at least 50, or 0"),
        ("preprod", "canary_percent", 50, r"\[preprod\] canary_percent is less than one of 1 instances"),
        ("prod", "instance_type", '"ml.inf1.xlarge"', r"\[prod\] instance_type is of the family inf1"),
        ("prod", "instance_type", '"m5.large"', r"\[prod\] instance_type is .*, no type of instance for it"),
        ("prod", "instance_type", '"ml.m5.huge"', r"\[prod\] instance_type is .*, no type of instance for it"),
        ("prod", "instance_type", '"ml.t3.medium"', r"\[prod\] instance_type is .*, no type of instance for it"),
        ("prod", "instance_type", '"ml.g5.xlarge"', r"\[prod\] instance_type has a disk of its own"),
        ("preprod", "instance_type", '"ml.r6gd.large"', r"\[preprod\] instance_type has a disk of its own"),
        ("preprod", "instance_type", '"ml.t2.medium"', r"\[preprod\] instance_type is burstable"),
        ("prod", "shadow_version", -1, r"\[prod\] shadow_version must be"),
        ("prod", "shadow_percent", 0, r"\[prod\] shadow_percent must be 1 to 100"),
        ("scaling", "invocations_per_instance", 0, r"\[scaling\] invocations_per_instance must be above 0"),
        ("scaling", "add_after_seconds", -1, r"\[scaling\] add_after_seconds and remove_after_seconds"),
        ("release", "baking_minutes", 0, r"\[release\] baking_minutes and termination_wait_minutes must be 1 to 60"),
        ("release", "maximum_minutes", 61, r"\[release\] maximum_minutes must be 10 to 60: the workflow's credentials"),
        ("release", "maximum_minutes", 19, r"\[release\] maximum_minutes leaves less than 10 minutes"),
        ("alarms", "server_error_percent", 0, r"\[alarms\] server_error_percent and client_error_percent"),
        ("alarms", "latency_milliseconds", 0, r"\[alarms\] latency_milliseconds must be above 0"),
        ("capture", "percent", 101, r"\[capture\] percent must be 0 to 100"),
        ("watch", "truth_days", 35, r"\[watch\] truth_days must be 0 to 34: requests are kept for a day more"),
        ("test", "latency_milliseconds", 0, r"\[test\] latency_milliseconds must be above 0"),
        ("test", "lowest", 35, r"\[test\] lowest must be below highest"),
        ("test", "mean_absolute_error", 0, r"\[test\] mean_absolute_error must be above 0"),
    ],
)
def test_an_impossible_setting_is_refused(tmp_path: Path, table: str, key: str, value: object, problem: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(changed(table, key, value))
    with pytest.raises(SettingsError, match=problem):
        settings.read(file)
