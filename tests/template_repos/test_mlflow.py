"""The record of executions in a real MLflow server, by the client and the plugin that the training template locks."""

import os
import socket
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template_repos.conftest import run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

APP = "arn:aws:sagemaker:eu-west-1:111122223333:mlflow-app/app-EXAMPLE"
STARTS_WITHIN_SECONDS = 180
RECORDED_TWICE = """
import sys
from pipeline.tracking import EXECUTION, Run, client, log

run = Run(
    name="run-7-1",
    status="FAILED",
    started=100_000,
    ended=400_000,
    parameters={"eta": "0.05", "data.uri": "s3://bucket/data/1/abalone.csv"},
    metrics={"mse": 4.5, "seconds.Train": 61.5},
    tags={EXECUTION: "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/p/execution/e", "mlflow.source.git.commit": "0123"},
)
mlflow = client(sys.argv[1])
left = mlflow.create_run(mlflow.create_experiment("abalone"), tags=dict(run.tags))
mlflow.log_param(left.info.run_id, "eta", "0.05")
print([log(mlflow, name, run) for name in ("abalone", "abalone", "shells", "shells")])
for name in ("abalone", "shells"):
    [found] = mlflow.search_runs([mlflow.get_experiment_by_name(name).experiment_id])
    print(found.info.status, found.info.end_time, sorted(found.data.params), found.data.metrics, found.data.tags[EXECUTION][-1])
"""


@pytest.fixture(scope="module")
def server(clone: Path, uv_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an MLflow server of the client's version, with packages of its own."""
    folder = tmp_path_factory.mktemp("mlflow")
    groups = tomllib.loads((clone / "pyproject.toml").read_text())["dependency-groups"]
    [version] = [pin.partition("==")[2] for pin in groups["mlflow"] if pin.startswith("mlflow-skinny==")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-serve-artifacts"]
    with (folder / "log").open("w") as log:
        # Without the variable it starts workers that outlive it.
        process = subprocess.Popen(
            ["uv", "run", "--no-project", "--isolated", "--with", f"mlflow=={version}", "mlflow", "server", *options]
            + ["--backend-store-uri", f"sqlite:///{folder}/runs.db", "--default-artifact-root", str(folder / "files")],
            env={**uv_environment, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url, ends = f"http://127.0.0.1:{port}", time.monotonic() + STARTS_WITHIN_SECONDS
    try:
        while not _answers(url):
            said = (folder / "log").read_text()[-2000:]
            assert process.poll() is None, said
            assert time.monotonic() < ends, said
            time.sleep(0.5)
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, TimeoutError):
        return False


def test_an_execution_is_one_run_of_a_real_mlflow_and_an_interrupted_one_is_completed(
    clone: Path, uv_environment: dict[str, str], tmp_path: Path, server: str
) -> None:
    environment = {
        **uv_environment,
        "UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv"),
        # The plugin then signs for the app, and sends to this address instead of the app's.
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": server,
        "AWS_ACCESS_KEY_ID": "111122223333",
        "AWS_SECRET_ACCESS_KEY": "example",
    }
    command = ("uv", "run", "--frozen", "--group", "mlflow", "python", "-c", RECORDED_TWICE, APP)
    done = run(*command, folder=clone, environment=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    run_of = "FAILED 400000 ['data.uri', 'eta'] {'mse': 4.5, 'seconds.Train': 61.5} e"
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("🏃", "🧪"))]
    assert lines == ["['Recorded', 'Recorded before', 'Recorded', 'Recorded before']", run_of, run_of]
