"""settings.toml."""

from pathlib import Path

import pytest
from example_settings import EXAMPLE, changed

from deployment import settings
from mlops_platform import REPOSITORY
from mlops_platform.project.settings_file import SettingsError

SETTINGS = EXAMPLE.read_text()


def test_the_settings_of_this_repository_are_possible() -> None:
    assert settings.read(REPOSITORY / "settings.toml").plans.keys() == {"preprod", "prod"}


def test_every_mistake_in_the_settings_is_listed_at_once(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS.replace("[input]", "[inputs]").replace("psi = 0.1", 'psi = "0.1"'))
    with pytest.raises(SettingsError) as caught:
        settings.read(file)
    assert str(caught.value).splitlines() == [
        "settings.toml:",
        "  [inputs] is unknown",
        "  [input] prefix is missing",
        "  [drift] psi is '0.1', expected a number",
    ]


@pytest.mark.parametrize(
    "schedule",
    ["cron(0 2 * * ? *)", "cron(0 8/2 ? * MON-FRI *)", "cron(0 6 L * ? 2199)"],
)
def test_schedules_are_times_of_eventbridge_scheduler(tmp_path: Path, schedule: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS.replace("cron(0 2 * * ? *)", schedule))
    assert settings.read(file).plans["prod"].schedule == schedule


def test_an_environment_may_have_no_times(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(changed("preprod", "schedule", '""'))
    plans = settings.read(file).plans
    assert (plans["preprod"].schedule, plans["prod"].schedule) == ("", "cron(0 2 * * ? *)")


@pytest.mark.parametrize(
    ("table", "key", "value", "problem"),
    [
        *(
            ("prod", "schedule", f'"{schedule}"', r"\[prod\] schedule must be cron")
            for schedule in (
                *("0 2 * * *", "cron(0 2 * * *)", "cron(0 2 * * * *)", "cron(0 2 ? * ? *)", "cron(0 2 * *  ? *)"),
                *("rate(1 day)", "at(2026-11-28T01:00:00)"),
            )
        ),
        ("prod", "schedule", '"cron(0 25 * * ? *)"', r"\[prod\] schedule has '25' for the hours"),
        ("prod", "schedule", '"cron(0 2 31 2 ? *)"', r"\[prod\] schedule never starts anything: .* has a day 31"),
        ("prod", "schedule", '"cron(0 2 * * ? 2020)"', r"\[prod\] schedule never starts anything: its years are over"),
        ("prod", "schedule", '"cron(0/5 2 * * ? *)"', r"\[prod\] schedule must leave 15 minutes"),
        ("prod", "schedule", '"cron(0/30 2 * * ? *)"', r"\[prod\] schedule starts again before \[retries\]"),
        ("preprod", "time_zone", '"Mars/Phobos"', r"\[preprod\] time_zone is no zone"),
        ("prod", "flexible_minutes", 1441, r"\[prod\] flexible_minutes must be 0 to 1440"),
        ("prod", "instance_type", '"m5.large"', r"\[prod\] instance_type is .*, no type of instance for it"),
        ("prod", "instance_type", '"ml.m5d.large"', r"\[prod\] instance_type has a disk of its own"),
        ("prod", "volume_gigabytes", 0, r"\[prod\] volume_gigabytes must be 1 to 16384"),
        ("prod", "maximum_minutes", 7201, r"\[prod\] maximum_minutes must be 1 to 7200"),
        ("prod", "usd_per_hour", 0, r"\[prod\] usd_per_hour must be above 0"),
        ("input", "prefix", '"/daily"', r"\[input\] prefix must be folders"),
        ("input", "prefix", '"daily/"', r"\[input\] prefix must be folders"),
        ("input", "prefix", '"../other"', r"\[input\] prefix must be folders"),
        ("retries", "maximum_attempts", 186, r"\[retries\] maximum_attempts must be 0 to 185"),
        ("retries", "maximum_minutes", 0, r"\[retries\] maximum_minutes must be 1 to 1440"),
        ("drift", "psi", 0, r"\[drift\] psi must be above 0"),
        ("drift", "least_rows", 199, r"\[drift\] least_rows must be at least 200"),
        ("alarms", "quarantined_percent", 101, r"\[alarms\] quarantined_percent must be 0 to 100"),
        ("test", "lowest", 35, r"\[test\] lowest must be below highest"),
        ("test", "mean_absolute_error", 0, r"\[test\] mean_absolute_error must be above 0"),
    ],
)
def test_an_impossible_setting_is_refused(tmp_path: Path, table: str, key: str, value: object, problem: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(changed(table, key, value))
    with pytest.raises(SettingsError, match=problem):
        settings.read(file)
