"""Fixtures: the definition, and one local run of the whole pipeline."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from pipeline import settings
from pipeline.definition import definition, evaluation_uri
from pipeline.project import EXAMPLE

from mlops_platform import REPOSITORY
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.local_run import LocalRun
from mlops_platform.pipeline.upload import target_uri

SETTINGS = settings.read(REPOSITORY / "settings.toml")
DATA = REPOSITORY / SETTINGS.data.file
CODE_URI = "s3://example-bucket/code/0123456789abcdef"
DATA_URI = target_uri(DATA, "s3://example-bucket/data")


@pytest.fixture
def pipeline_definition() -> Json:
    return definition(EXAMPLE, SETTINGS, code_uri=CODE_URI, data_uri=DATA_URI)


def prepared_run(folder: Path) -> LocalRun:
    """Return a local run of this repository's pipeline with its code and data in place."""
    built = definition(EXAMPLE, SETTINGS, code_uri=CODE_URI, data_uri=DATA_URI)
    run = LocalRun(definition=built, folder=folder)
    run.upload(REPOSITORY / "steps", CODE_URI)
    run.upload(DATA, DATA_URI)
    return run


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A local run that has succeeded, and its results."""

    run: LocalRun
    evaluation: Json
    predictions: list[str]
    model: Path
    test_rows: list[str]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    run = prepared_run(tmp_path_factory.mktemp("run"))
    run.run()
    evaluation = run.s3_path(evaluation_uri(EXAMPLE, run.execution_id))
    execution = evaluation.parent
    return Finished(
        run=run,
        evaluation=json.loads((evaluation / "evaluation.json").read_text()),
        predictions=(evaluation / "predictions.csv").read_text().split(),
        model=next(execution.rglob("model.tar.gz")),
        test_rows=(execution / "test" / "test.csv").read_text().split(),
    )
