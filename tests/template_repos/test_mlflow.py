"""The record of executions in an MLflow app of the local AWS, by the client and the plugin that the training template locks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.credentials import Credentials

from tests.mlflow_api import MlflowApi
from tests.sandbox_aws.account import Account, allow, trust
from tests.sandbox_aws.conftest import certificate_files, dev, endpoint_url, issuer
from tests.template_repos.conftest import run

__all__ = ["certificate_files", "dev", "endpoint_url", "issuer"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

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
LOOKED = """
import sys
from pipeline.tracking import client

client(sys.argv[1]).get_experiment_by_name("abalone")
"""


@pytest.fixture
def app(dev: Account) -> Iterator[str]:
    """The ARN of an app, which is gone afterwards."""
    role = dev.role("runs", trust=trust("sagemaker.amazonaws.com"))
    sagemaker = dev.client("sagemaker")
    arn: str = sagemaker.create_mlflow_app(Name="runs", ArtifactStoreUri="s3://artifacts/mlflow", RoleArn=role)["Arn"]
    yield arn
    sagemaker.delete_mlflow_app(Arn=arn)


@pytest.fixture
def environment(uv_environment: dict[str, str], tmp_path: Path, dev: Account) -> dict[str, str]:
    """Variables by which the plugin sends to the local AWS what it signs for AWS."""
    return {
        **uv_environment,
        "UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv"),
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": dev.endpoint_url,
        "REQUESTS_CA_BUNDLE": str(dev.certificate_authority),
    }


def acting(dev: Account, role: str) -> dict[str, str]:
    """Return the variables that hold credentials of a role."""
    keys = dev.assume(role)
    assert keys.session_token is not None
    return {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token,
    }


def test_an_execution_is_one_run_of_mlflows_own_server_and_an_interrupted_one_is_completed(
    clone: Path, environment: dict[str, str], dev: Account, app: str
) -> None:
    def python(program: str, role: str) -> tuple[int, str, str]:
        command = ("uv", "run", "--frozen", "--group", "mlflow", "python", "-c", program, app)
        done = run(*command, folder=clone, environment={**environment, **acting(dev, role)})
        return done.returncode, done.stdout, done.stderr

    # The server starts here: a client that got no answer in time would send again what is done already.
    owner = Credentials(dev.number, "any")
    trusted = dev.certificate_authority
    api = MlflowApi(endpoint_url=dev.endpoint_url, certificate_authority=trusted, app_arn=app, credentials=owner)
    api.post("experiments/search", max_results=1)

    code, printed, errors = python(RECORDED_TWICE, dev.role("records-runs", allow("sagemaker:CallMlflowAppApi", app)))
    assert code == 0, errors[-3000:]
    run_of = "FAILED 400000 ['data.uri', 'eta'] {'mse': 4.5, 'seconds.Train': 61.5} e"
    lines = [line for line in printed.splitlines() if not line.startswith(("🏃", "🧪"))]
    assert lines == ["['Recorded', 'Recorded before', 'Recorded', 'Recorded before']", run_of, run_of]

    code, _, errors = python(LOOKED, dev.role("opens-runs", allow("sagemaker:CreatePresignedMlflowAppUrl", app)))
    assert code == 1
    assert "is not authorized to perform: sagemaker:CallMlflowAppApi" in errors
