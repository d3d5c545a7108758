"""Run the pipeline on this machine, and serve the model that it registers."""

import json
import logging
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from mlops_platform import REPOSITORY
from mlops_platform.pipeline import image_environments, job_code, remote, upload
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.local_run import FinishedStep, LocalRun
from mlops_platform.project import settings_file, summary
from pipeline import images, report, serving
from pipeline.definition import output_uri
from pipeline.project import Project
from pipeline.settings import Settings

logger = logging.getLogger(__name__)
STEPS = REPOSITORY / "steps"
IMPORTED = ("job", "monitoring")
"""Packages of mlops_platform/ that the steps import."""


@contextmanager
def sources(configured: Settings) -> Generator[dict[str, Path]]:
    """Return what is uploaded, by the prefix that it is uploaded to.

    Raises:
        SettingsError: there are no such data.
    """
    data = data_file(configured)
    with job_code.assembled(STEPS, IMPORTED) as code:
        yield {"code": code, "data": data}


def data_file(configured: Settings) -> Path:
    """Return the file of the data.

    Raises:
        SettingsError: this repository has no such file.
    """
    file = REPOSITORY / configured.data.file
    settings_file.require(
        REPOSITORY / "settings.toml",
        {f"[data] file is {configured.data.file!r}, and this repository has no such file": file.is_file()},
    )
    return file


def run(
    owner: Project,
    configured: Settings,
    definition: Json,
    uploaded: Mapping[str, Path],
    folder: Path | None,
    stored: Mapping[str, Path] = MappingProxyType({}),
) -> None:
    """Run a definition with the steps and the data of this repository.

    Args:
        owner: names that the definition has.
        configured: settings of the pipeline.
        definition: the pipeline.
        uploaded: the sources that it was made from.
        folder: every file of the run is kept here; by default none is.
        stored: what else the definition reads, by its S3 URI.

    Raises:
        InvalidDefinitionError: SageMaker would refuse the definition.
        StepFailedError: a step failed, or the model is not good enough.
        ServingError: the model cannot be served, or answers otherwise than in the evaluation.
        ImageEnvironmentError: there are no packages to run it with.
    """
    remote.checked(definition)
    _install_images()
    with tempfile.TemporaryDirectory() as temporary:
        execution = LocalRun(
            definition=definition,
            folder=(folder or Path(temporary)).resolve(),
            interpreter=images.interpreter,
            on_finished=_log_finished,
        )
        for kind, source in uploaded.items():
            execution.upload(source, upload.target_uri(source, f"{owner.storage}/{kind}"))
        for uri, source in stored.items():
            execution.upload(source, uri)
        try:
            execution.run()
        finally:
            file = execution.s3_path(output_uri(owner, execution.execution_id, "evaluation")) / "evaluation.json"
            if file.is_file():
                measured = json.loads(file.read_text())
                summary.publish(report.metrics_table(measured, configured.quality.mse_threshold))
        logger.info("The model is good enough to be registered.")
        summary.publish("\n" + serving.check(execution, owner))
        if folder:
            logger.info("The model's archive: %s", serving.archive(execution))


def _install_images() -> None:
    """Install the packages of the images before the first step, whose time they would count as."""
    started = time.monotonic()
    if all((image_environments.FOLDER / group).exists() for group in images.GROUPS.values()):
        logger.info("Comparing the packages of SageMaker's images with uv.lock")
    else:
        logger.info("Installing the packages of SageMaker's images, which takes minutes this first time")
    for image in images.GROUPS:
        images.interpreter(image)
    logger.info("%-14s %6.1f s", "Installed", time.monotonic() - started)


def _log_finished(step: FinishedStep) -> None:
    logger.info("%-14s %6.1f s  %s", step.name, step.seconds, step.outcome)
