"""Fixtures: the definition, one local run of the whole pipeline, and its model, served."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from example_settings import in_force
from examples import DATA, SETTINGS, data_with_quoted_category
from pipeline import images, serving
from pipeline.definition import definition, output_uri
from pipeline.project import EXAMPLE
from pipeline.this_machine import IMPORTED, STEPS

from mlops_platform.pipeline import job_code
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.local_run import LocalRun
from mlops_platform.pipeline.upload import target_uri
from mlops_platform.serving.local_endpoint import LocalEndpoint

CODE_URI = "s3://example-bucket/code/0123456789abcdef"
DATA_URI = target_uri(DATA, "s3://example-bucket/data")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def example_settings() -> Iterator[None]:
    """Let the commands read the settings of the tests."""
    with in_force():
        yield


@pytest.fixture
def pipeline_definition() -> Json:
    return definition(EXAMPLE, SETTINGS, code_uri=CODE_URI, data_uri=DATA_URI, commit=COMMIT)


def prepared_run(folder: Path, data: bytes | None = None) -> LocalRun:
    """Return a local run of this repository's pipeline with its code in place, and its data or other data."""
    built = definition(EXAMPLE, SETTINGS, code_uri=CODE_URI, data_uri=DATA_URI, commit=COMMIT)
    run = LocalRun(definition=built, folder=folder, interpreter=images.interpreter)
    with job_code.assembled(STEPS, IMPORTED) as code:
        run.upload(code, CODE_URI)
    run.upload(DATA, DATA_URI)
    if data is not None:
        run.s3_path(DATA_URI).write_bytes(data)
    return run


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A local run that has succeeded, and its results."""

    run: LocalRun
    evaluation: Json
    predictions: list[list[str]]
    """Heading, then truth and prediction of each test row."""
    model: Path
    test_rows: list[list[str]]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run over this repository's data, in which one category needs quotes."""
    run = prepared_run(tmp_path_factory.mktemp("run"), data_with_quoted_category())
    run.run()
    return Finished(
        run=run,
        evaluation=json.loads(
            (run.s3_path(output_uri(EXAMPLE, run.execution_id, "evaluation")) / "evaluation.json").read_text()
        ),
        predictions=serving.rows(run, EXAMPLE, "evaluation"),
        model=next(run.s3_path(output_uri(EXAMPLE, run.execution_id, "model")).rglob("model.tar.gz")),
        test_rows=serving.rows(run, EXAMPLE, "test"),
    )


@pytest.fixture(scope="session")
def endpoint(finished: Finished) -> Iterator[LocalEndpoint]:
    """The registered model of that run, served as its image serves it."""
    with serving.serve(finished.run) as started:
        yield started
