"""A batch on the local AWS: the roles that a project gets, the schedule that starts it, a real job, and what it leaves."""

import hashlib
import json
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import Renderings
from tests.sandbox_aws.account import Account
from tests.sandbox_aws.conftest import certificate_files, endpoint_url, issuer, prod
from tests.template_repos.local_deployment import ARTIFACT, BUCKET, OWN, WITHIN_SECONDS, LocalDeployment

__all__ = ["certificate_files", "endpoint_url", "issuer", "prod"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAME = f"{OWN}-batch"
FOLDER = "p-abcdefghijkl/batch"


@dataclass
class Batch:
    """A batch that is deployed to the account, and the window for which its schedule starts it first."""

    deployed: LocalDeployment
    window: str

    @property
    def prod(self) -> Account:
        """The account."""
        return self.deployed.prod

    def object(self, key: str) -> bytes | None:
        """Return an object of the batch's folder; None when there is none."""
        s3 = self.prod.client("s3")
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{FOLDER}/{key}").get("Contents", [])
        return s3.get_object(Bucket=BUCKET, Key=found[0]["Key"])["Body"].read() if found else None

    def results(self) -> dict[str, bytes]:
        """Return all that runs wrote, by key."""
        s3 = self.prod.client("s3")
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{FOLDER}/output/")["Contents"]
        return {each["Key"]: s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found}

    def executions(self) -> list[str]:
        """Return the ARNs of all executions."""
        listed = self.prod.client("sagemaker").list_pipeline_executions(PipelineName=NAME)
        return [each["PipelineExecutionArn"] for each in listed["PipelineExecutionSummaries"]]

    def manifest(self, window: str) -> dict[str, Any]:
        """Wait for the manifest of a window."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while (content := self.object(f"output/runs/{window}/manifest.json")) is None:
            assert self.deployed.failures(NAME) == []
            assert time.monotonic() < deadline
            time.sleep(0.5)
        return json.loads(content)


@pytest.fixture(scope="module")
def batch(
    prod: Account,
    rendered: Renderings,
    batch_deployment: Path,
    uv_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Batch:
    work = tmp_path_factory.mktemp("batch")
    deployed = LocalDeployment.of(
        prod,
        rendered,
        inference="batch",
        template=batch_deployment,
        environment=uv_environment,
        work=work,
        parameters={"batches/instance-types": "ml.m5.large,ml.m5.xlarge"},
    )
    repository, s3 = deployed.repository, prod.client("s3")
    lines = (repository / "example" / "abalone.csv").read_text().splitlines(keepends=True)
    (work / "train.csv").write_text("".join(lines[::2]))
    train = (
        "env",
        "PYTHONPATH=.:example/code",
        "python",
        "example/train.py",
        str(work / "train.csv"),
        str(work / "model"),
    )
    deployed.command(*train, group="xgboost-image")
    with tarfile.open(work / "model.tar.gz", "w:gz") as tar:
        for file in sorted((work / "model").iterdir()):
            tar.add(file, file.name)
    s3.put_object(Bucket=BUCKET, Key=ARTIFACT, Body=(work / "model.tar.gz").read_bytes())

    now = datetime.fromtimestamp(prod.page("clock", "POST", seconds=0.001)["now"], UTC)
    first = now.replace(second=0, microsecond=0) + timedelta(minutes=3)
    window = f"{first:%Y-%m-%dT%H:%M:%SZ}"
    rows = "".join(f"{line.rpartition(',')[0]}\n" for line in lines[1:1001:2]).encode() + b"spoilt\n"
    for name in (window, "2026-11-01T02:00:00Z"):
        s3.put_object(Bucket=BUCKET, Key=f"{FOLDER}/input/daily/{name}/part-0.csv", Body=rows)
    settings = repository / "settings.toml"
    before, heading, after = settings.read_text().partition("[prod]\n")
    own = after.replace("cron(0 2 * * ? *)", f"cron({first.minute} {first.hour} * * ? *)", 1)
    settings.write_text(before + heading + own.replace("flexible_minutes = 15", "flexible_minutes = 0", 1))
    sha256 = hashlib.sha256((work / "model.tar.gz").read_bytes()).hexdigest()
    deployed.deploy("model-deployment-batch", "batch", sha256=sha256)
    prod.page("clock", "POST", seconds=200)
    return Batch(deployed=deployed, window=window)


def test_the_schedule_scores_the_window_of_its_time_under_the_roles_of_the_project(batch: Batch) -> None:
    manifest = batch.manifest(batch.window)

    assert manifest["rows"] == {"in": 501, "out": 500, "quarantined": 1}
    assert manifest["model_package_arn"].endswith(":model-package/abalone-p-abcdefghijkl/3")
    [scored] = manifest["objects"]
    predictions = batch.object(f"output/{manifest['results']}{scored['predictions']['name']}")
    assert predictions is not None
    assert (len(predictions), predictions.count(b"\n")) == (scored["predictions"]["bytes"], 500)


def test_a_start_that_is_delivered_twice_is_one_run(batch: Batch) -> None:
    batch.manifest(batch.window)
    schedule = batch.prod.client("scheduler").get_schedule(Name=NAME, GroupName=NAME)
    request = json.loads(schedule["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", batch.window))

    again = batch.prod.client("sagemaker").start_pipeline_execution(**request)

    assert batch.executions() == [again["PipelineExecutionArn"]]


def test_its_metrics_come_from_the_log_of_the_job(batch: Batch) -> None:
    batch.manifest(batch.window)
    deadline = time.monotonic() + WITHIN_SECONDS
    while not batch.deployed.metric("Rows"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert batch.deployed.metric("Rows") == [500.0]
    assert batch.deployed.metric("Quarantined") == [1.0]
    assert len(batch.deployed.metric("MaximumPsi")) == 1


def test_a_window_is_backfilled_by_the_repositorys_command_and_has_the_same_results(batch: Batch) -> None:
    first = batch.manifest(batch.window)
    said = batch.deployed.command("python", "-m", "deployment", "backfill", "prod", "2026-11-01", "2026-11-01")

    assert "| 2026-11-01T02:00:00Z | 501 | 500 | 1 |" in said
    second = batch.manifest("2026-11-01T02:00:00Z")
    assert second["results"] == first["results"]
    assert "prod: 0 of 1 windows, 1 were scored before" in batch.deployed.command(
        "python", "-m", "deployment", "backfill", "prod", "2026-11-01", "2026-11-01"
    )
    assert "abalone-p-abcdefghijkl/3" in batch.deployed.command("python", "-m", "deployment", "status", "prod")


def test_runs_at_once_of_a_window_that_is_scored_already_change_no_byte(batch: Batch) -> None:
    batch.manifest(batch.window)
    before, earlier = batch.results(), len(batch.executions())
    with ThreadPoolExecutor() as pool:
        command = ("python", "-m", "deployment", "run", "prod", batch.window)
        begun = [pool.submit(batch.deployed.command, *command) for _ in range(2)]
        said = [each.result() for each in begun]

    assert [f"| {batch.window} | 501 | 500 | 1 |" in each for each in said] == [True, True]
    assert len(batch.executions()) == earlier + 2
    assert batch.results() == before


def test_a_run_that_fails_is_counted_where_the_alarm_looks(batch: Batch) -> None:
    batch.prod.client("s3").put_object(Bucket=BUCKET, Key=f"{FOLDER}/input/daily/empty/part-0.csv", Body=b"\n")
    with pytest.raises(AssertionError, match="RunError: the input of empty has no row"):
        batch.deployed.command("python", "-m", "deployment", "run", "prod", "empty")
    answer = batch.prod.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Sagemaker/ModelBuildingPipeline",
        MetricName="ExecutionFailed",
        Dimensions=[{"Name": "PipelineName", "Value": NAME}],
        StartTime=datetime.now(UTC) - timedelta(days=2),
        EndTime=datetime.now(UTC) + timedelta(days=2),
        Period=4 * 86400,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in answer["Datapoints"]] == [1.0]


def test_the_deployment_is_tested_where_nobody_else_reads(batch: Batch) -> None:
    assert "50 rows, off by" in batch.deployed.command("python", "-m", "deployment", "test", "prod")
