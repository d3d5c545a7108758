"""The parts of the pipeline's commands that are the same wherever it runs."""

import argparse
import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from mlops_platform.pipeline import remote, upload
from mlops_platform.pipeline.image_environments import ImageEnvironmentError
from mlops_platform.pipeline.local_run import StepFailedError
from mlops_platform.project import aws, summary
from mlops_platform.project.project_file import ProjectError
from mlops_platform.project.settings_file import SettingsError
from mlops_platform.serving.local_endpoint import ServingError
from pipeline import report, results
from pipeline.project import Project
from pipeline.settings import Settings

logger = logging.getLogger(__name__)
NO_COMMIT = "none"
"""Commit of a definition that does not become the repository's pipeline: it is printed, compared, or runs on this machine."""
PipelineSettings = TypeVar("PipelineSettings", bound=Settings)


@contextmanager
def messages(*errors: type[Exception]) -> Generator[None]:
    """Log to the terminal; if what follows fails for a reason that its user can act on, exit with 1 and a message.

    Args:
        errors: such reasons besides those that every repository has.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # at INFO it logs where it found credentials
    try:
        yield
    except (
        SettingsError,
        ProjectError,
        StepFailedError,
        ImageEnvironmentError,
        ServingError,
        upload.UploadError,
        remote.InvalidDefinitionError,
        remote.ExecutionError,
        BotoCoreError,
        ClientError,
        *errors,
    ) as error:
        summary.fail(error)


def add_local_run(command: argparse.ArgumentParser) -> None:
    """Add the options of a run on this machine."""
    command.add_argument("--folder", type=Path, help="keep every file of the run here (default: a temporary folder)")
    command.add_argument("--mse-threshold", type=float, help="instead of the one in settings.toml")


def with_threshold(settings: PipelineSettings, mse_threshold: float | None) -> PipelineSettings:
    """Return the settings with another threshold, if there is one."""
    if mse_threshold is None:
        return settings
    return replace(settings, quality=replace(settings.quality, mse_threshold=mse_threshold))


def commit(workflow: str, consequence: str) -> str:
    """Return the commit that a workflow's job runs for.

    Args:
        workflow: Name of the workflow that is meant to run this.
        consequence: Reason why a commit is needed, a sentence.

    Raises:
        ProjectError: this is no job of a workflow.
    """
    if found := os.environ.get("GITHUB_SHA"):
        return found
    raise ProjectError(
        f"GITHUB_SHA is not set: {consequence}, so the workflow {workflow} does this; "
        "merge a pull request into main, or start that workflow"
    )


def attempt() -> str:
    """Return the name of this attempt: a repeated step of a workflow has the same one, a re-run has not."""
    run, number = os.environ.get("GITHUB_RUN_ID"), os.environ.get("GITHUB_RUN_ATTEMPT", "1")
    return f"run-{run}-{number}" if run else f"manual-{os.urandom(4).hex()}"


def follow(
    owner: Project, settings: Settings, execution_arn: str, minutes: float, *, title: str, registered: str
) -> None:
    """Wait until an execution ends, and publish its course and the model's quality.

    Args:
        owner: names of the pipeline.
        settings: the quality that a model needs is in them.
        execution_arn: the execution.
        minutes: longest time to wait.
        title: name of the pipeline in the summary.
        registered: what to say of a model that was registered.

    Raises:
        ExecutionError: it failed, or takes too long.
    """
    sagemaker = aws.client("sagemaker", owner.region)
    try:
        remote.wait(
            sagemaker,
            execution_arn,
            deadline_seconds=minutes * 60,
            on_change=lambda step: logger.info("%-14s %s %s", step.name, step.status, step.outcome),
        )
    finally:
        steps = remote.steps(sagemaker, execution_arn)
        evaluation = results.evaluation(owner, execution_arn, steps)
        summary.publish(report.execution(title, steps, evaluation, quality=settings.quality, registered=registered))
