"""Serve the model that a local run has registered, and hold its answers against those of the evaluation."""

import csv
import io
import math
from contextlib import AbstractContextManager
from http import HTTPStatus
from pathlib import Path

from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.local_run import LocalRun
from mlops_platform.serving import local_endpoint
from mlops_platform.serving.local_endpoint import LocalEndpoint, ServingError
from pipeline import images
from pipeline.definition import output_uri
from pipeline.project import Project

CONTENT_TYPE = "text/csv"
SHOWN = 5
"""Rows in the report."""


def check(run: LocalRun, owner: Project) -> str:
    """Serve the model, and return some of its answers as a Markdown table.

    Raises:
        ServingError: the model can't be served, or answers otherwise than the evaluation did.
    """
    with serve(run) as endpoint:
        served = predictions(endpoint, [row[:-1] for row in rows(run, owner, "test")])
    _, *evaluated = rows(run, owner, "evaluation")
    return compared(served, [(float(actual), float(predicted)) for actual, predicted in evaluated])


def serve(run: LocalRun) -> AbstractContextManager[LocalEndpoint]:
    """Serve the model that the run has registered, as the registered package says."""
    container = _container(run)
    return local_endpoint.serve(
        images.interpreter(container["Image"]),
        run.folder / "jobs" / f"{run.execution_id}-Serve",
        image_uri=container["Image"],
        archive=archive(run),
        environment=container["Environment"],
    )


def archive(run: LocalRun) -> Path:
    """Return the archive of the model that the run has registered."""
    return run.s3_path(_container(run)["ModelDataUrl"])


def _container(run: LocalRun) -> Json:
    [container] = run.registered[-1]["InferenceSpecification"]["Containers"]
    return container


def predictions(endpoint: LocalEndpoint, unlabelled: list[list[str]]) -> list[float]:
    """Send rows in one request, and return the predictions.

    Raises:
        ServingError: the answer is none, or is not CSV.
    """
    request = io.StringIO()
    csv.writer(request).writerows(unlabelled)
    answer = endpoint.invoke(request.getvalue().encode(), {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE})
    if answer.status != HTTPStatus.OK or not answer.content_type.startswith(CONTENT_TYPE):
        said = answer.body.decode(errors="replace")
        raise ServingError(f"the test rows were answered with {answer.status} {answer.content_type}: {said[:500]}")
    return [float(value) for [value] in csv.reader(io.StringIO(answer.body.decode(), newline=""))]


def rows(run: LocalRun, owner: Project, output: str) -> list[list[str]]:
    """Return the rows of the only CSV file in an output of the run."""
    [file] = run.s3_path(output_uri(owner, run.execution_id, output)).glob("*.csv")
    with file.open(newline="") as stream:
        return list(csv.reader(stream))


def compared(served: list[float], evaluated: list[tuple[float, float]]) -> str:
    """Return the truth and the served prediction of some rows as a Markdown table.

    Args:
        served: The served predictions.
        evaluated: Truth and prediction of each row in the evaluation.

    Raises:
        ServingError: a row is missing, or was predicted otherwise.
    """
    if len(served) != len(evaluated):
        raise ServingError(f"{len(evaluated)} test rows were answered with {len(served)} predictions")
    for number, (prediction, (_, expected)) in enumerate(zip(served, evaluated, strict=True), start=1):
        if not math.isclose(prediction, expected, rel_tol=1e-5, abs_tol=1e-5):
            raise ServingError(f"test row {number} is served {prediction:g}, and was {expected:g} in the evaluation")
    pairs = list(zip(served, evaluated, strict=True))[:SHOWN]
    lines = [f"| {prediction:.3f} | {actual:g} |" for prediction, (actual, _) in pairs]
    heading = f"Served as its image serves it, the model answers all {len(served)} rows as in the evaluation:"
    return "\n".join([heading, "", "| predicted | true |", "|---:|---:|", *lines]) + "\n"
