"""The settings of the pipeline, in settings.toml, and their checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_platform.project import instance_types, settings_file


@dataclass(frozen=True, kw_only=True)
class Data:
    """The data, and its division."""

    file: str
    """CSV file in this repository, without a header."""
    validation_fraction: float
    """Share of the rows that decides when training stops. Each row is assigned by itself, so the shares are nearly these."""
    test_fraction: float
    """Share of the rows that only evaluation sees."""
    seed: int
    """The same seed gives a row the same part, whatever other rows there are."""


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """The machines of the jobs."""

    processing_instance_type: str
    training_instance_type: str
    volume_gigabytes: int
    """Size of the encrypted disk. Types with a disk of their own (ml.m5d, ml.g5, …) take no key for it and are refused."""
    maximum_minutes: int
    """A job that takes longer is stopped."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The quality that a model needs to be registered."""

    mse_threshold: float
    """Largest mean squared error on the test rows."""
    least_improvement: float
    """Share of the champion's mean squared error on the same rows that a new model has to avoid; a negative one accepts worse models."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """The endpoints that the registered model is for."""

    inference_instance_types: list[str]
    """Types for endpoints and batch transforms alike."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a pipeline; one attribute per table of the file."""

    data: Data
    jobs: Jobs
    quality: Quality
    model: Model
    hyperparameters: dict[str, str | int | float]
    """Passed to XGBoost as they are, except num_round and early_stopping_rounds, which steps/train.py uses."""


TABLES = {"data": Data, "jobs": Jobs, "quality": Quality, "model": Model}


def parse(content: Mapping[str, Any]) -> Settings:
    """Return the settings that a file's content has; `problems` has found none in it."""
    return Settings(
        data=Data(**content["data"]),
        jobs=Jobs(**content["jobs"]),
        quality=Quality(**content["quality"]),
        model=Model(**content["model"]),
        hyperparameters=content["hyperparameters"],
    )


def problems(content: Mapping[str, Any]) -> list[str]:
    """Return every key that is missing, unknown, of the wrong type or out of range."""
    found = settings_file.problems(content, TABLES, free=["hyperparameters"])
    hyperparameters: dict[str, str | int | float] = content.get("hyperparameters", {})
    found.extend(
        f"[hyperparameters] {key} must be a whole number"
        for key in ("num_round", "early_stopping_rounds")
        if type(hyperparameters.get(key)) is not int
    )
    return found or _out_of_range(parse(content))


def _out_of_range(settings: Settings) -> list[str]:
    data, jobs, serving = settings.data, settings.jobs, settings.model.inference_instance_types
    # The model is registered for both with the same list.
    known = instance_types.known(instance_types.FOR_ENDPOINTS) & instance_types.known(instance_types.FOR_TRANSFORM)
    unknown = [each for each in serving if each not in known]
    checks = {
        "[data] validation_fraction and test_fraction must be above 0 and leave at least half of the rows to train on": (
            data.validation_fraction > 0
            and data.test_fraction > 0
            and data.validation_fraction + data.test_fraction <= 0.5
        ),
        **instance_types.checks(
            "[jobs] processing_instance_type", jobs.processing_instance_type, instance_types.FOR_PROCESSING
        ),
        **instance_types.checks(
            "[jobs] training_instance_type", jobs.training_instance_type, instance_types.FOR_TRAINING
        ),
        "[jobs] volume_gigabytes must be 1 to 16384": 1 <= jobs.volume_gigabytes <= 16384,
        "[jobs] maximum_minutes must be 1 to 1440": 1 <= jobs.maximum_minutes <= 1440,
        "[quality] mse_threshold must be above 0": settings.quality.mse_threshold > 0,
        "[quality] least_improvement must be below 1, which no model reaches": settings.quality.least_improvement < 1,
        "[model] inference_instance_types must name at least one type": bool(serving),
        f"[model] inference_instance_types has {', '.join(unknown)}, no type for endpoints and batch transforms": (
            not unknown
        ),
    }
    return [problem for problem, fine in checks.items() if not fine]
