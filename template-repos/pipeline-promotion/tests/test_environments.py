"""settings.toml, and project.toml, for three environments."""

from pathlib import Path

import pytest
from example_settings import EXAMPLE
from pipeline import environments, project
from pipeline.environments import Environment

from mlops_platform import REPOSITORY
from mlops_platform.project.project_file import ProjectError
from mlops_platform.project.settings_file import SettingsError

SETTINGS = EXAMPLE.read_text()
PROJECT = (REPOSITORY / "tests" / "project.toml").read_text()


def read(tmp_path: Path, *changes: tuple[str, str]) -> dict[str, Environment]:
    text = SETTINGS
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    file = tmp_path / "settings.toml"
    file.write_text(text)
    return environments.read(file)


def test_an_environment_replaces_single_keys_and_has_all_others_of_the_common_tables(tmp_path: Path) -> None:
    change = ("[prod.quality]", '[prod.jobs]\ntraining_instance_type = "ml.m5.4xlarge"\n\n[prod.quality]')
    found = read(tmp_path, change)
    assert list(found) == ["dev", "preprod", "prod"]
    dev, prod = found["dev"].settings, found["prod"].settings
    assert (dev.jobs.training_instance_type, prod.jobs.training_instance_type) == ("ml.m5.large", "ml.m5.4xlarge")
    assert dev.jobs.processing_instance_type == prod.jobs.processing_instance_type
    assert (dev.data, dev.hyperparameters) == (prod.data, prod.hyperparameters)


def test_every_mistake_is_listed_once_with_its_environment(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(
            tmp_path,
            ("volume_gigabytes = 10", 'volume_gigabytes = "10"'),
            ("mse_threshold = 5.5", "mse_treshold = 5.5"),
            ('schedule = ""', 'shedule = ""'),
        )
    assert str(caught.value).splitlines() == [
        "settings.toml:",
        "  [jobs] volume_gigabytes is '10', expected a whole number",
        "  for dev: [dev] shedule is unknown",
        "  for dev: [dev] schedule is missing",
        "  for prod: [quality] mse_treshold is unknown",
    ]


def test_an_environment_that_is_missing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"for preprod: \[preprod\] data is missing"):
        read(tmp_path, ("[preprod]", "[perprod]"))


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('"by a person"', '"none"', "approval must be 'by a person': the roles of dev register nothing"),
        ('"by a person"', '"never"', "approval must be one of 'by a person', 'none'"),
        ('data = "repository"', 'data = "../other"', "data must be one of 'repository', 'incoming'"),
        ("cron(0 3 ? * SUN *)", "cron(* 3 ? * SUN *)", "schedule must start the pipeline once an hour at most"),
        ("cron(0 3 ? * SUN *)", "cron(0,30 3 ? * SUN *)", "schedule must start the pipeline once an hour at most"),
        ("cron(0 3 ? * SUN *)", "cron(0 3 ? * SUN)", r"schedule must be cron\(…\) with six fields"),
        (
            "cron(0 3 ? * SUN *)",
            "cron(0 3 * * SUN *)",
            r"schedule must be cron\(…\) with six fields, one of the days a \?",
        ),
        ("cron(0 3 ? * SUN *)", "rate(1 day)", r"schedule must be cron\(…\)"),
        ("cron(0 3 ? * SUN *)", "cron(0 25 ? * SUN *)", r"for preprod: \[preprod\] schedule has '25' for the hours"),
        ("cron(0 3 ? * SUN *)", "cron(0 3 ? * FOO *)", "schedule has 'FOO' for the day of the week"),
        ("cron(0 3 ? * SUN *)", "cron(0 3 31 2 ? *)", "schedule never starts anything: no such month has a day 31"),
        ('time_zone = "UTC"', 'time_zone = "Mars/Phobos"', "time_zone must be a time zone"),
        ("mse_threshold = 5.5", "mse_threshold = -1", r"for prod: \[quality\] mse_threshold must be above 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(tmp_path: Path, before: str, after: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        read(tmp_path, (before, after))


@pytest.mark.parametrize("schedule", ["cron(30 6 1 * ? *)", "cron(0 * * * ? *)", ""])
def test_a_schedule_may_be_times_or_none(tmp_path: Path, schedule: str) -> None:
    assert read(tmp_path, ("cron(0 3 ? * SUN *)", schedule))["preprod"].running.schedule == schedule


@pytest.mark.parametrize("environment", project.ENVIRONMENTS)
def test_a_project_has_its_names_from_the_file_and_its_network_from_the_account(
    tmp_path: Path, environment: str
) -> None:
    asked: list[tuple[str, str]] = []

    def parameter(region: str, name: str) -> str:
        asked.append((region, name))
        return f"{name.rpartition('/')[2]}-1,{name.rpartition('/')[2]}-2"

    file = tmp_path / "project.toml"
    file.write_text(PROJECT)
    found = project.read(environment, parameter, file)
    assert found.schedule_group == f"analytics-{environment}-p-abcdefghijkl"
    assert found.subnet_ids == ["private-subnet-ids-1", "private-subnet-ids-2"]
    names = ("encryption/data-key-arn", "network/private-subnet-ids", "network/workload-security-group-id")
    assert asked == [("eu-west-1", f"/mlops/analytics/{environment}/{name}") for name in names]


def test_every_missing_value_of_project_toml_is_listed_before_aws_is_asked(tmp_path: Path) -> None:
    def parameter(_: str, name: str) -> str:
        raise AssertionError(name)

    file = tmp_path / "project.toml"
    file.write_text(PROJECT.replace('region = "eu-west-1"', "").replace("bucket", "bukcet"))
    with pytest.raises(ProjectError, match=r"lacks \[aws\] region, \[prod\] bucket"):
        project.read("prod", parameter, file)


def test_a_template_that_no_project_was_launched_from_is_no_failure_of_the_workflow(tmp_path: Path) -> None:
    assert project.workflow_outputs(tmp_path / "project.toml") == "launched=false\n"


def test_a_workflow_learns_region_and_roles(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(PROJECT)
    lines = project.workflow_outputs(file).splitlines()
    assert lines[:3] == [
        "launched=true",
        "region=eu-west-1",
        "dev_workflow=arn:aws:iam::111111111111:role/analytics-dev-p-abcdefghijkl-workflow",
    ]
    assert len(lines) == 8
