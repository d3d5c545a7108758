"""Record executions in the account's MLflow app: parameters, metrics, commit, and the version that was registered.

The jobs are isolated and cannot reach it, so this is done when an execution has ended: from the definition that it ran, its steps, and
the report of its evaluation. What is recorded is for comparing runs; the model registry alone decides what is deployed.

Sources: MLflow's REST API; SageMaker Developer Guide, "Set up IAM permissions for MLflow Apps"; the package sagemaker-mlflow, by which
MLflow's client takes the ARN of an app for the address of a server, and signs its requests.
"""

import importlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_platform.pipeline import remote
from mlops_platform.pipeline.evidence import commit_of
from mlops_platform.pipeline.expressions import Json, is_expression, nested_steps
from mlops_platform.project import aws, summary
from pipeline import results
from pipeline.project import Project
from pipeline.training_settings import Tracking

EXECUTION = "pipeline_execution_arn"
"""Tag by which the run of an execution is found again."""
STATUSES = {"Succeeded": "FINISHED", "Failed": "FAILED", "Stopped": "KILLED"}
"""Status of a run, by that of its execution. Source: MLflow's REST API, RunStatus."""
CLIENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # By default it tries for minutes to reach a server that does not answer.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
"""Variables by which MLflow's client is set up; it reads them when it is imported."""


class TrackingError(Exception):
    """An execution is not recorded; the message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """All that is recorded of an execution."""

    name: str
    status: str
    started: int
    """Milliseconds since 1970."""
    ended: int
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


def require_app(owner: Project) -> None:
    """Make sure that the account has an MLflow app.

    Raises:
        TrackingError: project.toml names none.
    """
    if not owner.mlflow_app_arn:
        raise TrackingError(
            "settings.toml: [tracking] mlflow is true, and project.toml names no MLflow app: set it to false, or ask an administrator of the "
            "platform to set development.mlflow and to update this project"
        )


def record(owner: Project, tracking: Tracking, execution_arn: str) -> None:
    """Record an execution that has ended, once however often this is repeated, and say so in the summary.

    Raises:
        TrackingError: nothing is to be recorded, or nowhere.
        SystemExit: it is not recorded; the summary says so, and not that the run of the workflow failed.
    """
    if not tracking.mlflow:
        raise TrackingError("settings.toml: [tracking] mlflow is false, so nothing is recorded; set it to true")
    require_app(owner)
    try:
        run = read(owner, execution_arn)
        outcome = log(client(owner.mlflow_app_arn), owner.pipeline_name, run)
    except Exception as error:  # whatever MLflow's client raises, of several libraries
        named = str(error) if isinstance(error, TrackingError) else f"{type(error).__name__}: {error}"
        reason = " ".join(named.split())[:1000]
        again = f'make record EXECUTION="{execution_arn}"'
        summary.publish(
            f"\n**Not recorded in MLflow**; the model is not affected. {reason}\n\nTo try again: `{again}`\n"
        )
        raise SystemExit(f"error: not recorded in MLflow: {reason}; to try again: {again}") from error
    summary.publish(f"\n{outcome} in MLflow: experiment `{owner.pipeline_name}`, run `{run.name}`.\n")


def read(owner: Project, execution_arn: str) -> Run:
    """Return what is recorded of an execution.

    Raises:
        TrackingError: it has not ended.
    """
    sagemaker = aws.client("sagemaker", owner.region)
    execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution_arn)
    status = execution["PipelineExecutionStatus"]
    if status not in STATUSES:
        raise TrackingError(f"the execution is {status}: record it when it has ended")
    answer = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution_arn)
    definition: Json = json.loads(answer["PipelineDefinition"])
    steps = remote.steps(sagemaker, execution_arn)
    evaluation = results.evaluation(owner, execution_arn, steps)
    registered = next((step.model_package_arn for step in steps if step.model_package_arn), None)
    return Run(
        name=execution.get("PipelineExecutionDisplayName", execution_arn.rpartition("/")[2]),
        status=STATUSES[status],
        started=int(execution["CreationTime"].timestamp() * 1000),
        ended=int(execution["LastModifiedTime"].timestamp() * 1000),
        parameters=parameters(definition),
        metrics={**(metrics(evaluation) if evaluation else {}), **durations(steps)},
        tags={
            EXECUTION: execution_arn,
            # A name of MLflow's, by which its page shows the commit.
            "mlflow.source.git.commit": commit_of(definition),
            **({"champion_version": evaluation["champion"]["version"]} if evaluation else {}),
            **(
                {"model_package_arn": registered, "model_package_version": registered.rpartition("/")[2]}
                if registered
                else {}
            ),
        },
    )


def parameters(definition: Json) -> dict[str, str]:
    """Return hyperparameters, options of the division, gates and machines of a definition, by their names."""
    steps: dict[str, Json] = {step["Name"]: step["Arguments"] for step in nested_steps(definition["Steps"])}
    preprocess, train = steps["Preprocess"], steps["Train"]
    data = next(each["S3Input"]["S3Uri"] for each in preprocess["ProcessingInputs"] if each["InputName"] == "data")
    return {
        **train["HyperParameters"],
        "data.uri": data,
        **{f"data.{name}": value for name, value in _options(preprocess["AppSpecification"]["ContainerArguments"])},
        "jobs.training_instance_type": train["ResourceConfig"]["InstanceType"],
        "quality.mse_threshold": str(steps["CheckQuality"]["Conditions"][0]["RightValue"]),
        "quality.least_improvement": str(steps["BeatsTheChampion"]["Conditions"][0]["RightValue"]),
    }


def _options(arguments: Sequence[str | Json]) -> list[tuple[str, str]]:
    """Return the options of a script with their values; what only the pipeline knows when it runs is left out."""
    found: list[tuple[str, list[str]]] = []
    for argument in arguments:
        if is_expression(argument):
            continue
        text = str(argument)
        if text.startswith("--"):
            found.append((text.removeprefix("--").replace("-", "_"), []))
        elif found:
            found[-1][1].append(text)
    return [(name, " ".join(values)) for name, values in found if values]


def metrics(evaluation: Json) -> dict[str, float]:
    """Return the quality of an evaluated model, of its champion, and of always predicting the mean."""
    champion = evaluation["champion"]
    return {
        **{name: metric["value"] for name, metric in evaluation["regression_metrics"].items()},
        "mse_of_the_mean": evaluation["baseline"]["mse"]["value"],
        "test_rows": evaluation["rows"],
        **(
            {"champion_mse": champion["mse"]["value"], "improvement": champion["improvement"]}
            if "mse" in champion
            else {}
        ),
    }


def durations(steps: Sequence[remote.Step]) -> dict[str, float]:
    """Return how many seconds each job took."""
    return {f"seconds.{step.name}": step.seconds for step in steps if step.seconds is not None and not step.outcome}


def client(app_arn: str) -> Any:
    """Return a client of an MLflow app.

    Raises:
        TrackingError: MLflow is not installed.
    """
    for name, value in CLIENT.items():
        os.environ.setdefault(name, value)
    try:
        # Not imported with the rest, because it is installed only where it is used.
        mlflow: Any = importlib.import_module("mlflow")
        importlib.import_module("sagemaker_mlflow")
    except ImportError as error:
        raise TrackingError(f"{error.name} is not installed: run this by `make record`") from error
    # The plugin signs for the address that is set here, not for the client's own.
    mlflow.set_tracking_uri(app_arn)
    return mlflow.MlflowClient()


def log(mlflow: Any, experiment: str, run: Run) -> str:
    """Make a run, unless there is one of this execution, and return what happened.

    A run whose recording was interrupted is completed: the same values at the same times are no others to MLflow.

    Args:
        mlflow: A client of MLflow.
        experiment: Name of the experiment, which is made if there is none.
        run: All that is recorded.
    """
    found = mlflow.get_experiment_by_name(experiment)
    experiment_id = mlflow.create_experiment(experiment) if found is None else found.experiment_id
    recorded = list(mlflow.search_runs([experiment_id], filter_string=f"tags.{EXECUTION} = '{run.tags[EXECUTION]}'"))
    if any(each.info.status != "RUNNING" for each in recorded):
        return "Recorded before"
    current = (
        recorded[0]
        if recorded
        else mlflow.create_run(experiment_id, start_time=run.started, tags=dict(run.tags), run_name=run.name)
    )
    entities: Any = importlib.import_module("mlflow.entities")
    mlflow.log_batch(
        current.info.run_id,
        metrics=[entities.Metric(name, value, run.ended, 0) for name, value in run.metrics.items()],
        params=[entities.Param(name, value) for name, value in run.parameters.items()],
    )
    mlflow.set_terminated(current.info.run_id, status=run.status, end_time=run.ended)
    return "Recorded"
