"""Train what a pull request proposes, on a sample and under a name of its own, before anybody has reviewed it.

Code, sample and results lie below trials/ and the pull request's number, where the roles of trials may write and nothing is deployed from.
A trial has no gates: quality on a sample says little, and nothing is registered.
"""

import csv
import random
from dataclasses import replace
from pathlib import Path

from pipeline.project import Project
from pipeline.training_settings import TrainingSettings

INSTANCE_TYPE = "ml.m5.large"
"""The platform lets the jobs of trials run on no other type."""


def project_of(owner: Project, number: int) -> Project:
    """Return the project as the trial of a pull request sees it."""
    return replace(
        owner,
        trial=number,
        # Its end tells it from every project's pipeline, whatever that project is called.
        pipeline_name=f"pull-request-{number}-{owner.id}-trial",
        pipeline_role_arn=owner.trial_pipeline_role_arn,
        job_role_arn=owner.trial_job_role_arn,
    )


def settings_of(settings: TrainingSettings) -> TrainingSettings:
    """Return the settings with the machines that trials may have."""
    jobs = replace(settings.jobs, processing_instance_type=INSTANCE_TYPE, training_instance_type=INSTANCE_TYPE)
    return replace(settings, jobs=jobs)


def sample(data: Path, folder: Path, settings: TrainingSettings) -> Path:
    """Write a sample of the data's rows into a folder, and return the file; the same seed gives the same rows.

    Args:
        data: CSV file.
        folder: Where the sample is written, under the name of the data.
        settings: How many rows it has at most, and the seed.
    """
    with data.open(newline="") as stream:
        rows = [row for row in csv.reader(stream) if row]
    chosen = sorted(random.Random(settings.data.seed).sample(range(len(rows)), min(settings.trial.rows, len(rows))))  # noqa: S311 - no secret depends on it
    target = folder / data.name
    with target.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows[index] for index in chosen)
    return target
