"""The training of a pull request, on a sample and under a name of its own."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from examples import DATA, LABELLED, QUOTED, SETTINGS, data_with_quoted_category
from pipeline import trial
from pipeline.definition import definition
from pipeline.project import EXAMPLE

from mlops_platform.pipeline.expressions import Json, nested_steps
from mlops_platform.pipeline.validation import problems

OWNER = trial.project_of(EXAMPLE, 7)
FOLDER = f"s3://{EXAMPLE.bucket}/trials/7"


@pytest.fixture
def tried() -> Json:
    return definition(
        OWNER,
        trial.settings_of(SETTINGS),
        code_uri=f"{FOLDER}/code/0123",
        data_uri=f"{FOLDER}/data/0123/data.csv",
        commit="none",
    )


def test_it_trains_and_measures_and_registers_nothing(tried: Json) -> None:
    assert problems(tried) == []
    assert [step["Name"] for step in nested_steps(tried["Steps"])] == ["Preprocess", "Train", "Evaluate"]


def test_it_reads_and_writes_nothing_but_its_own(tried: Json) -> None:
    places: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for member in value.values():
                collect(member)
        elif isinstance(value, list):
            for member in value:
                collect(member)
        elif isinstance(value, str) and value.startswith("s3://"):
            places.append(value)

    collect(tried)
    assert len(places) > 5
    assert [place for place in places if not place.startswith(f"{FOLDER}/")] == []


def test_its_jobs_run_as_the_role_of_trials_on_the_type_that_trials_may_have_and_have_their_tag(tried: Json) -> None:
    for step in tried["Steps"]:
        assert step["Arguments"]["RoleArn"] == EXAMPLE.trial_job_role_arn
        assert {"Key": "mlops:trial", "Value": "true"} in step["Arguments"]["Tags"]
    clusters = [
        step["Arguments"].get("ResourceConfig") or step["Arguments"]["ProcessingResources"]["ClusterConfig"]
        for step in tried["Steps"]
    ]
    assert {each["InstanceType"] for each in clusters} == {"ml.m5.large"}
    assert OWNER.pipeline_name == f"pull-request-7-{EXAMPLE.id}-trial"


def test_the_sample_has_rows_of_the_data_in_their_order_and_is_the_same_each_time(tmp_path: Path) -> None:
    data = tmp_path / "all" / DATA.name
    data.parent.mkdir()
    data.write_bytes(data_with_quoted_category())
    small = replace(SETTINGS, trial=replace(SETTINGS.trial, rows=200))
    first, second = (trial.sample(data, folder, small) for folder in _folders(tmp_path))
    assert first.read_bytes() == second.read_bytes()
    assert first.name == DATA.name
    with data.open(newline="") as stream:
        rows = list(csv.reader(stream))
    with first.open(newline="") as stream:
        chosen = list(csv.reader(stream))
    assert len(chosen) == 200
    remaining = iter(rows)
    assert all(row in remaining for row in chosen)
    assert QUOTED in {row[0] for row in chosen}


def test_the_sample_of_little_data_is_all_of_it(tmp_path: Path) -> None:
    all_of_it = replace(SETTINGS, trial=replace(SETTINGS.trial, rows=10 * len(LABELLED)))
    with trial.sample(DATA, tmp_path, all_of_it).open(newline="") as stream:
        assert list(csv.reader(stream)) == [list(row.values) for row in LABELLED]


def _folders(parent: Path) -> list[Path]:
    folders = [parent / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    return folders
