"""The settings that a project changes leave the tests of its repository green, and so the check that every change has to pass."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.template_repos.conftest import run

Tables = Mapping[str, Mapping[str, Any]]

OF_THE_PIPELINE: Tables = {
    "data": {"file": "data/measured.csv", "validation_fraction": 0.2, "test_fraction": 0.25, "seed": 35},
    "jobs": {
        "processing_instance_type": "ml.m5.xlarge",
        "training_instance_type": "ml.m5.2xlarge",
        "volume_gigabytes": 20,
        "maximum_minutes": 45,
    },
    "quality": {"mse_threshold": 5.75},
    "model": {"inference_instance_types": ["ml.m5.2xlarge"]},
    "hyperparameters": {
        "objective": "reg:pseudohubererror",
        "eta": 0.1,
        "max_depth": 5,
        "min_child_weight": 5,
        "subsample": 0.8,
        "colsample_bytree": 0.7,
        "seed": 43,
        "num_round": 500,
        "early_stopping_rounds": 20,
    },
}
OF_A_FLEET = {
    "instance_type": "ml.c5.large",
    "minimum_instances": 3,
    "maximum_instances": 7,
    "canary_percent": 50,
    "shadow_version": 2,
    "shadow_percent": 20,
}
OF_A_PLAN = {
    "schedule": "cron(30 4 ? * TUE *)",
    "time_zone": "Europe/Berlin",
    "flexible_minutes": 10,
    "instance_type": "ml.m5.xlarge",
    "volume_gigabytes": 40,
    "maximum_minutes": 90,
    "usd_per_hour": 0.5,
}
CHANGED: Mapping[str, Tables] = {
    "model-training": {
        **OF_THE_PIPELINE,
        "data": {**OF_THE_PIPELINE["data"], "feature_group": "p-qh5sgi3vkbvy-abalone"},
        "quality": {**OF_THE_PIPELINE["quality"], "least_improvement": 0.02},
        "trial": {"rows": 500},
        "tracking": {"mlflow": True},
    },
    "pipeline-promotion": {
        **OF_THE_PIPELINE,
        "dev": {
            "data": "incoming",
            "approval": "by a person",  # the only one that dev permits
            "schedule": "cron(0 1 * * ? *)",
            "time_zone": "Europe/Berlin",
        },
        "preprod": {
            "data": "incoming",
            "approval": "none",
            "schedule": "",
            "time_zone": "Europe/Berlin",
        },
        "prod": {
            "data": "incoming",
            "approval": "none",
            "schedule": "cron(0 4 ? * TUE *)",
            "time_zone": "Europe/Berlin",
            "quality": {"mse_threshold": 5.25},
        },
    },
    "model-deployment-batch": {
        "preprod": OF_A_PLAN,
        "prod": {**OF_A_PLAN, "schedule": ""},
        "input": {"prefix": "incoming/rows"},
        "retries": {"maximum_attempts": 2, "maximum_minutes": 45},
        "drift": {"psi": 0.3, "least_rows": 300},
        "alarms": {"quarantined_percent": 7.0},
        "test": {"lowest": -1.0, "highest": 50.0, "mean_absolute_error": 4.0},
    },
    "model-deployment-realtime": {
        "preprod": OF_A_FLEET,
        "prod": {**OF_A_FLEET, "minimum_instances": 4, "canary_percent": 25},
        "scaling": {"invocations_per_instance": 300, "add_after_seconds": 90, "remove_after_seconds": 700},
        "release": {"baking_minutes": 7, "termination_wait_minutes": 7, "maximum_minutes": 50},
        "alarms": {"server_error_percent": 2.0, "client_error_percent": 9.0, "latency_milliseconds": 700.0},
        "capture": {"percent": 0},
        "watch": {
            "every_hours": 0,
            "instance_type": "ml.m5.xlarge",
            "volume_gigabytes": 40,
            "psi": 0.3,
            "truth_days": 0,
        },
        "test": {"lowest": -1.0, "highest": 50.0, "mean_absolute_error": 4.0, "latency_milliseconds": 3000.0},
    },
}
"""Every key of each template's settings.toml, with a value that a project may well have."""
NO_OTHER_VALUE = {("dev", "approval")}
TRAIN = ("--ignore", "tests/test_local_run.py", "--ignore", "tests/test_inference.py")
"""These train, for a minute, from settings that a local run reads anyway."""


def toml(tables: Tables, above: str = "") -> str:
    """Return tables as TOML."""
    text = ""
    for name, table in tables.items():
        below = {key: value for key, value in table.items() if isinstance(value, dict)}
        plain = "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items() if key not in below)
        text += f"[{above}{name}]\n{plain}\n{toml(below, f'{name}.')}"
    return text


@pytest.mark.parametrize("template", CHANGED)
def test_the_changed_settings_have_every_key_and_another_value_for_each(templates: Path, template: str) -> None:
    def flat(tables: Mapping[str, Any], above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
        found: dict[tuple[str, ...], Any] = {}
        for key, value in tables.items():
            place = (*above, key)
            found |= flat(value, place) if isinstance(value, dict) else {place: value}
        return found

    ours = flat(tomllib.loads((templates / template / "settings.toml").read_text()))
    changed = flat(tomllib.loads(toml(CHANGED[template])))
    assert changed.keys() == ours.keys()
    assert {key for key, value in changed.items() if value == ours[key]} <= NO_OTHER_VALUE


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("template", "copy", "group", "left_out"),
    [
        ("model-training", "clone", "test", TRAIN),
        ("pipeline-promotion", "promotion_clone", "test", TRAIN),
        ("model-deployment-batch", "batch_clone", "check", ()),
        ("model-deployment-realtime", "deployment_clone", "check", ()),
    ],
)
def test_a_projects_ordinary_settings_leave_its_own_tests_green(
    template: str,
    copy: str,
    group: str,
    left_out: tuple[str, ...],
    request: pytest.FixtureRequest,
    uv_environment: dict[str, str],
) -> None:
    folder: Path = request.getfixturevalue(copy)
    settings, data = folder / "settings.toml", folder / "data" / "abalone.csv"
    before = settings.read_text()
    settings.write_text(toml(CHANGED[template]))
    if data.exists():
        data.rename(data.with_name("measured.csv"))
    command = ("uv", "run", "--frozen", "--group", group, "pytest", "-q", *left_out)
    done = run(*command, folder=folder, environment=uv_environment)
    settings.write_text(before)
    if data.parent.exists():
        data.with_name("measured.csv").rename(data)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
