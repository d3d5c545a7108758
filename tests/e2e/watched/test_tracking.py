"""Training runs in MLflow: switched off, recorded by the workflow, and while the app does not answer.

The tests run in this order; each continues from the state that the ones before it left.
"""

import html
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import environments, http_client, identities
from sandbox.demo import models, runs
from tests.e2e.sandbox import REGION
from tests.e2e.wait import wait_until
from tests.e2e.watched.project import Watched
from tests.mlflow_api import MlflowApi, RefusedError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

RECORD = "Record the run in MLflow"
INSTALLED = re.compile("Installed .* packages?")
"""Line of uv's about packages that it installed."""
AGAIN = re.compile(r'make record EXECUTION="(\S+)"')


def recorded(text: str) -> str:
    """Return the training settings with MLflow on, and no version to beat."""
    before = "mlflow = false"
    assert before in text
    return re.sub(r"least_improvement = [\d.]+", "least_improvement = -9.0", text.replace(before, "mlflow = true"))


def mlflow(watched: Watched, session: boto3.Session) -> MlflowApi:
    """Return the API of the account's app as whoever has a session."""
    [app] = watched.root("dev", "sagemaker").list_mlflow_apps()["Summaries"]
    credentials = session.get_credentials()
    assert credentials is not None
    return MlflowApi(
        endpoint_url=watched.servers.aws.url,
        certificate_authority=Path(watched.servers.trust),
        app_arn=app["Arn"],
        credentials=credentials,
    )


@pytest.fixture(scope="module")
def api(watched: Watched) -> MlflowApi:
    """The app as a data scientist calls it from Studio."""
    return mlflow(watched, watched.scientist)


def runs_of(watched: Watched, api: MlflowApi) -> list[dict[str, Any]]:
    """Return the runs in the project's experiment, the newest first; none before there is an experiment."""
    experiments = api.post("experiments/search", max_results=10)["experiments"]
    own = [each["experiment_id"] for each in experiments if each["name"] == watched.project.pipeline]
    return api.post("runs/search", experiment_ids=own, max_results=10).get("runs", []) if own else []


def values(of: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the tags, parameters or metrics of a run by their names."""
    return {each["key"]: each["value"] for each in of}


def finished(watched: Watched, title: str) -> dict[str, Any]:
    """Wait for the end of the training run with a title, and return it."""

    def found() -> dict[str, Any] | None:
        listed = watched.developer.runs(watched.project.training, "train.yml")
        return next((run for run in listed if run["display_title"] == title and run["status"] == "completed"), None)

    return wait_until(found, f"the run {title}")


def job(watched: Watched, run: dict[str, Any]) -> tuple[dict[str, str], str]:
    """Return the conclusions of the steps of a run's training, and its log."""
    path = f"/repos/{watched.project.training}/actions"
    listed = watched.developer.get(f"{path}/runs/{run['id']}/jobs")["jobs"]
    [found] = [each for each in listed if each["name"] == "Train and register"]
    log = watched.developer.text(f"{path}/jobs/{found['id']}/logs")
    return {step["name"]: step["conclusion"] for step in found["steps"]}, log


def summary(watched: Watched, run: dict[str, Any]) -> str:
    """Return the page of a run, with the summaries of its jobs, as text."""
    return html.unescape(re.sub(r"<[^>]+>", "", http_client.text(watched.servers, "GET", run["html_url"], {})))


def in_terminal(watched: Watched, *command: str, folder: Path) -> None:
    """Run a command as a data scientist does in a terminal of Studio."""
    found, credentials = watched.servers, watched.scientist.get_credentials()
    assert credentials is not None
    environment = {
        **environments.developer(found.github.url, found.trust, token=found.tokens[watched.colleague.user.login]),
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token or "",
        "AWS_ENDPOINT_URL": found.aws.url,
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": found.aws.url,
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_of_mlflow_is_installed_or_recorded_while_it_is_off(watched: Watched, api: MlflowApi) -> None:
    first = runs.first(watched.developer, watched.project.training)
    assert first is not None
    steps, log = job(watched, first)
    assert (first["conclusion"], steps["Wait for the model"]) == ("success", "success")
    # The local GitHub leaves out a step whose condition does not hold.
    assert steps.get(RECORD, "skipped") == "skipped"
    assert len(INSTALLED.findall(log)) == 1
    assert runs_of(watched, api) == []


def test_whoever_neither_works_in_studio_nor_trains_main_reaches_no_run(watched: Watched) -> None:
    dev = watched.stacks["dev"]
    deploying = identities.session(identities.deploy(watched.servers, dev), REGION)
    jobs = watched.become(f"analytics-dev-{watched.project.id}-job")
    for session in (deploying, jobs, watched.deployer("prod")):
        with pytest.raises(RefusedError, match=r"403 .*CallMlflowAppApi"):
            mlflow(watched, session).post("experiments/search", max_results=1)


def test_a_training_is_a_run_with_its_settings_its_quality_its_commit_and_its_version(
    watched: Watched, api: MlflowApi
) -> None:
    commit = watched.change(watched.project.training, "Record runs in MLflow", {"settings.toml": recorded})
    version = watched.trained(commit)

    [run] = runs_of(watched, api)
    tags, parameters, metrics = (values(run["data"][each]) for each in ("tags", "params", "metrics"))
    assert run["info"]["status"] == "FINISHED"
    assert tags["mlflow.source.git.commit"] == commit
    assert tags["model_package_arn"] == watched.package(version)
    model = models.read(watched.scientist, watched.package(version))
    assert metrics["mse"] == pytest.approx(model.mse)
    assert metrics["seconds.Train"] > 0
    settings = Path(__file__).parents[3] / "template-repos" / "model-training" / "settings.toml"
    wanted = {key: str(value) for key, value in tomllib.loads(settings.read_text())["hyperparameters"].items()}
    assert wanted.items() <= parameters.items()
    assert parameters["quality.least_improvement"] == "-9.0"
    done = next(
        each for each in watched.developer.runs(watched.project.training, "train.yml") if each["head_sha"] == commit
    )
    steps, log = job(watched, done)
    # Those of the pipeline, and MLflow's.
    assert (steps[RECORD], len(INSTALLED.findall(log))) == ("success", 2)
    said = summary(watched, done)
    assert f"Recorded in MLflow: experiment {watched.project.pipeline}, run {run['info']['run_name']}." in said


def test_an_app_that_does_not_answer_costs_no_model_and_the_run_is_recorded_later(
    watched: Watched, api: MlflowApi, tmp_path: Path
) -> None:
    before = len(models.versions(watched.lead, watched.project.pipeline))
    faults = f"{watched.servers.aws.url}/_sandbox/faults"
    http_client.call(watched.servers, "POST", faults, {}, {"fail_mlflow": 1000})
    try:
        watched.developer.send(
            "POST",
            f"/repos/{watched.project.training}/actions/workflows/train.yml/dispatches",
            {"ref": "main", "inputs": {"reason": "While MLflow is away"}},
        )
        done = finished(watched, "While MLflow is away")
    finally:
        watched.clear_disturbances()
    assert done["conclusion"] == "success"
    assert len(models.versions(watched.lead, watched.project.pipeline)) == before + 1
    said = summary(watched, done)
    assert "Not recorded in MLflow; the model is not affected." in said
    assert len(runs_of(watched, api)) == 1

    again = AGAIN.search(said)
    assert again is not None
    url = f"{watched.servers.github.url}/{watched.project.training}.git"
    in_terminal(watched, "git", "clone", "--quiet", url, str(tmp_path / "clone"), folder=tmp_path)
    in_terminal(watched, "make", "record", f"EXECUTION={again[1]}", folder=tmp_path / "clone")
    later, _ = runs_of(watched, api)
    assert values(later["data"]["tags"])["pipeline_execution_arn"] == again[1]
