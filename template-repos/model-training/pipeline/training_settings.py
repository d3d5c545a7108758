"""Read the settings of this repository from settings.toml: those of the pipeline, of trials, and of the record of runs."""

from dataclasses import dataclass
from pathlib import Path

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
class TrainingSettings(Settings):
    """All settings; one attribute per table of the file."""

    trial: Trial
    tracking: Tracking


OWN = {"trial": Trial, "tracking": Tracking}
"""Tables that other pipelines do not have."""


def read(file: Path) -> TrainingSettings:
    """Read settings.toml.

    Raises:
        SettingsError: a key is missing, unknown, of the wrong type or out of range; all such keys are listed.
    """
    content = settings_file.load(file)
    own = {table: content.pop(table) for table in OWN if table in content}
    found = settings.problems(content) + (settings_file.problems(own, OWN) or _out_of_range(own))
    if found:
        raise SettingsError(file, found)
    trial, tracking = Trial(**own["trial"]), Tracking(**own["tracking"])
    return TrainingSettings(**vars(settings.parse(content)), trial=trial, tracking=tracking)


def _out_of_range(own: dict[str, dict[str, int]]) -> list[str]:
    enough = own["trial"]["rows"] >= 100
    return [] if enough else ["[trial] rows must be at least 100, of which a model can be trained and measured"]
