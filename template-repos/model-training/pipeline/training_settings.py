"""Read the settings of this repository from settings.toml: those of the pipeline, of trials, and of the record of runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_platform.project import settings_file
from mlops_platform.project.settings_file import SettingsError
from pipeline import settings
from pipeline.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The training of a pull request."""

    rows: int
    """Rows of its sample at most."""


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """The record of runs."""

    mlflow: bool
    """Whether every execution of main is recorded in the account's MLflow app."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The data of main; these keys are in the table `data`."""

    feature_group: str
    """Group of SageMaker Feature Store that main trains from. Pull requests and runs on a laptop use the file then as before."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Settings):
    """All settings; one attribute per table of the file, and one for those of main's data."""

    trial: Trial
    tracking: Tracking
    source: Source


OWN = {"data": Source, "trial": Trial, "tracking": Tracking}
"""Tables that other pipelines do not have, or not all of."""


def read(file: Path) -> TrainingSettings:
    """Read settings.toml.

    Raises:
        SettingsError: a key is missing, unknown, of the wrong type or out of range; all such keys are listed.
    """
    content = settings_file.load(file)
    own = {table: content.pop(table) for table in ("trial", "tracking") if table in content}
    own["data"] = {key: content["data"].pop(key) for key in ("feature_group",) if key in content.get("data", {})}
    found = settings.problems(content) + (settings_file.problems(own, OWN) or _out_of_range(own))
    if found:
        raise SettingsError(file, found)
    return TrainingSettings(
        **vars(settings.parse(content)),
        trial=Trial(**own["trial"]),
        tracking=Tracking(**own["tracking"]),
        source=Source(**own["data"]),
    )


def _out_of_range(own: dict[str, dict[str, Any]]) -> list[str]:
    enough = own["trial"]["rows"] >= 100
    return [] if enough else ["[trial] rows must be at least 100, of which a model can be trained and measured"]
