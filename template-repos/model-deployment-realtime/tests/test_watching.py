"""The pipeline that watches: as data, and run on this machine."""

import json
import re
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from example_settings import EXAMPLE

from deployment import settings
from mlops_platform.monitoring import baseline, metric
from mlops_platform.pipeline import job_code, validation
from mlops_platform.pipeline.expressions import Json, references
from mlops_platform.pipeline.local_run import LocalRun
from mlops_platform.release.known_rows import read_rows
from mlops_platform.release.testing.example import PROJECT
from mlops_platform.release.testing.rendering import PARAMETERS, version
from mlops_platform.scheduled.code import IMPORTED, JOB
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.names import Names
from mlops_platform.scheduled.testing.aws import MODEL
from watching import PURPOSE
from watching.definition import SCHEDULED, Watching, definition, expression
from watching.places import PLACEHOLDER, TEXT

PROD = PROJECT.environments["prod"]
CONTAINER = Container.described(MODEL)
CODE = "s3://bucket/code/0123456789abcdef"
KEY = PARAMETERS["encryption/data-key-arn"]
TRUTH = f"s3://{PROD.artifacts_bucket}/captured/p-abcdefghijkl/truth"
CAPTURED = f"s3://{PROD.artifacts_bucket}/captured/p-abcdefghijkl/v3"
WATCHED = f"s3://{PROD.artifacts_bucket}/watched/p-abcdefghijkl/v3"
MIDNIGHT = "2026-11-29T00:00:00Z"
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def built(number: int = 3) -> Json:
    return definition(
        Watching(
            names=Names(project=PROJECT, environment=PROD, purpose=PURPOSE),
            version=version(number),
            container=CONTAINER,
            settings=settings.read(EXAMPLE).watch,
            kms_key_arn=KEY,
            code_uri=CODE,
        )
    )


@pytest.fixture(scope="module")
def job() -> Json:
    """The arguments of the only job."""
    [step] = built()["Steps"]
    return step["Arguments"]


def uris(job: Json) -> dict[str, Any]:
    return {each["InputName"]: each["S3Input"]["S3Uri"] for each in job["ProcessingInputs"]}


def test_sagemaker_would_take_it() -> None:
    assert validation.problems(built()) == []


def test_an_execution_chooses_its_time_and_nothing_else() -> None:
    assert set(references(built())) == {"Parameters.Scheduled"}


def test_it_looks_at_the_requests_to_this_version_alone(job: Json) -> None:
    assert uris(job) == {
        "model": version(3).artifact_uri,
        "captured": f"{CAPTURED}/",
        "truth": f"{TRUTH}/",
        "code": CODE,
    }
    assert not f"{CAPTURED}0/".startswith(uris(job)["captured"])


def test_the_job_is_isolated_and_has_a_role_that_is_not_the_models(job: Json) -> None:
    assert job["RoleArn"] == "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-watch-job"
    network = job["NetworkConfig"]
    assert network["EnableNetworkIsolation"] is network["EnableInterContainerTrafficEncryption"] is True
    assert network["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert job["ProcessingOutputConfig"]["KmsKeyId"] == KEY
    assert "Environment" not in job


@pytest.mark.parametrize("hours", [hours for hours in settings.EVERY_HOURS if hours])
def test_windows_follow_one_another_without_a_gap(hours: int) -> None:
    found = re.fullmatch(r"cron\(0 0(?:/(\d+))? \* \* \? \*\)", expression(hours))
    assert found is not None
    starts = list(range(0, 24, int(found[1] or 24)))
    assert {later - earlier for earlier, later in zip(starts, [*starts[1:], 24], strict=True)} == {hours}


def rows(factor: float = 1.0) -> list[list[str]]:
    """Return 300 rows like the known ones, whose fifth column is so many times what it was."""
    known, _ = read_rows(EXAMPLE.parents[1] / "smoke" / "abalone.csv")
    every = islice(cycle(known), 300)
    return [[*row[:4], f"{float(row[4]) * factor:.4f}", *row[5:]] for row in every]


class Window:
    """A run of the pipeline on this machine."""

    def __init__(
        self, folder: Path, requests: list[list[str]], *, trained: bool = True, truth: Sequence[float] = ()
    ) -> None:
        self.folder = folder
        with job_code.assembled(JOB, IMPORTED) as code:
            self.run = LocalRun(
                definition=built(),
                folder=folder,
                interpreter=lambda _: Path(sys.executable),
                parameters={SCHEDULED: MIDNIGHT},
            )
            self.run.upload(code, CODE)
        self.run.upload(self._artifact(trained), version(3).artifact_uri)
        place = self.run.s3_path(CAPTURED)
        place.mkdir(parents=True)
        (place / PLACEHOLDER).write_bytes(TEXT)
        for number, row in enumerate(requests):
            self._capture(place, NOON + timedelta(seconds=10 * number), row, f"order-{number}")
        known = self.run.s3_path(TRUTH)
        known.mkdir(parents=True)
        (known / PLACEHOLDER).write_bytes(TEXT)
        if truth:
            (known / "2026-11-28.csv").write_text("".join(f"order-{i},{value}\n" for i, value in enumerate(truth)))
        self.run.run()

    def _artifact(self, trained: bool) -> Path:
        columns: dict[str, baseline.Kind] = {"sex": "categoric"}
        columns.update((f"measure_{number}", "numeric") for number in range(1, len(rows()[0])))
        gate = baseline.Gate(measure="mse", highest=6.0)
        baseline.write(replace(baseline.of_rows(rows(), columns), gate=gate), self.folder / "baseline.json")
        archive = self.folder / "model.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            if trained:
                tar.add(self.folder / "baseline.json", "baseline.json")
        return archive

    @staticmethod
    def _capture(place: Path, moment: datetime, row: list[str], inference_id: str) -> None:
        """Capture a request with one row, whose answer is 10."""
        texts = {"endpointInput": ("INPUT", f"{','.join(row)}\n"), "endpointOutput": ("OUTPUT", "10.0\n")}
        data = {
            name: {"observedContentType": "text/csv", "mode": mode, "data": text, "encoding": "CSV"}
            for name, (mode, text) in texts.items()
        }
        moments = {"eventId": "1", "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "inferenceId": inference_id}
        line = json.dumps({"captureData": data, "eventMetadata": moments, "eventVersion": "0"})
        file = place / "house" / "AllTraffic" / f"{moment:%Y/%m/%d/%H/%M-%S}-000-x.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{line}\n")

    @property
    def found(self) -> Json:
        return json.loads((self.run.s3_path(WATCHED) / MIDNIGHT / "drift.json").read_text())

    @property
    def log(self) -> list[str]:
        return "".join(file.read_text() for file in self.folder.glob("jobs/*/log.txt")).splitlines()

    @property
    def metrics(self) -> list[Json]:
        return [json.loads(line) for line in self.log if line.startswith('{"_aws"')]


def test_requests_like_those_of_training_are_no_drift(tmp_path: Path) -> None:
    window = Window(tmp_path, rows())
    assert window.found["verdict"] == "stable"
    [printed] = window.metrics
    assert (printed[metric.ROWS], printed[metric.DRIFTED_FEATURES]) == (300, 0)
    assert (printed["Project"], printed["Environment"]) == ("p-abcdefghijkl", "prod")


def test_shifted_requests_are_drift_and_no_failure(tmp_path: Path) -> None:
    window = Window(tmp_path, rows(factor=2))
    assert (window.found["verdict"], window.found["drifted"]) == ("drift", ["measure_4"])
    assert window.metrics[0][metric.DRIFTED_FEATURES] == 1


@pytest.mark.parametrize("number", [0, 199])
def test_too_few_requests_are_said_and_no_failure(tmp_path: Path, number: int) -> None:
    window = Window(tmp_path, rows()[:number])
    assert window.found["verdict"] == "too few rows"
    assert metric.DRIFTED_FEATURES not in window.metrics[0]
    assert any(f"too few rows: {number} in requests of 2026-11-27 23:40" in line for line in window.log)


def test_without_any_truth_the_run_says_so_and_prints_nothing_of_it(tmp_path: Path) -> None:
    window = Window(tmp_path, rows())
    assert window.found["quality"]["verdict"] == "no truth"
    assert not {metric.ROWS_WITH_TRUTH, metric.MEAN_SQUARED_ERROR, metric.INSUFFICIENT_QUALITY} & set(window.metrics[0])
    assert any(line.startswith("quality: no truth") for line in window.log)


@pytest.mark.parametrize(("truth", "verdict"), [(12.0, "sufficient"), (14.0, "insufficient")])
def test_answers_are_judged_by_the_limit_in_the_artifact_when_their_truth_is_known(
    tmp_path: Path, truth: float, verdict: str
) -> None:
    window = Window(tmp_path, rows(), truth=[truth] * 250)
    assert window.found["quality"]["verdict"] == verdict
    [printed] = window.metrics
    assert (printed[metric.ROWS], printed[metric.ROWS_WITH_TRUTH]) == (300, 250)
    assert printed[metric.MEAN_SQUARED_ERROR] == (10 - truth) ** 2
    assert printed[metric.INSUFFICIENT_QUALITY] == (verdict == "insufficient")
    assert "answers with known truth" in (window.run.s3_path(WATCHED) / MIDNIGHT / "report.html").read_text()


def test_a_version_that_was_trained_before_there_were_statistics_is_said_and_no_failure(tmp_path: Path) -> None:
    window = Window(tmp_path, rows(), trained=False)
    assert window.metrics == []
    assert window.found["verdict"] == "no baseline"
    assert any("has no baseline.json" in line and "train a new one" in line for line in window.log)
