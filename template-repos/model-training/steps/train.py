"""Train a gradient-boosted model and put everything that a prediction needs into the model folder.

model.tar.gz holds the booster, the fitted preprocessing, the code that the endpoint runs, and the statistics of the training rows with the
quality that the model has to have: whatever watches the model, or reads its input in a batch, has them from the very artifact that was
approved.
"""

import logging
import re
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import features
import xgboost
from features import Preprocessing, read_labelled_rows
from inference import MODEL_FILE, PREPROCESSING_FILE

from mlops_platform import job
from mlops_platform.monitoring import baseline

logger = logging.getLogger(__name__)
BASELINE_FILE = "baseline.json"
CODE_OF_THE_ENDPOINT = ("inference.py", "features.py")


class HyperparametersError(Exception):
    """XGBoost does not use some of the hyperparameters: they are misspelt, or have no effect beside the others."""


def main() -> None:
    """Run the step."""
    parameters = job.hyperparameters()
    rounds = int(parameters.pop("num_round"))
    patience = int(parameters.pop("early_stopping_rounds"))
    gate = baseline.Gate(measure="mse", highest=float(parameters.pop("mse_threshold")))

    fitted = job.channel("preprocessing") / PREPROCESSING_FILE
    preprocessing = Preprocessing.load(fitted)
    train, validation = (labelled(name, preprocessing) for name in ("train", "validation"))
    require_used(parameters, train)
    booster = xgboost.train(
        parameters,
        train,
        num_boost_round=rounds,
        evals=[(train, "train"), (validation, "validation")],
        early_stopping_rounds=patience,
        verbose_eval=25,
    )
    best = booster.best_iteration
    # The metric definitions of the training job (pipeline/definition.py) read these lines.
    logger.info("best round: %d", best)
    logger.info("validation:rmse=%.6f", booster.best_score)

    folder = job.model_folder()
    booster[: best + 1].save_model(folder / MODEL_FILE)
    shutil.copy(fitted, folder)
    baseline.write(replace(statistics(), gate=gate), folder / BASELINE_FILE)
    code = folder / "code"
    code.mkdir(exist_ok=True)
    for name in CODE_OF_THE_ENDPOINT:
        shutil.copy(Path(__file__).with_name(name), code)


def require_used(parameters: Mapping[str, str], rows: xgboost.DMatrix) -> None:
    """Make sure that XGBoost uses every hyperparameter, by one round: of those that it does not it only warns.

    Raises:
        HyperparametersError: it does not use some.
    """
    checked = {**parameters, "validate_parameters": True, "verbosity": 1}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        xgboost.train(checked, rows, num_boost_round=1)
    for warning in caught:
        if unused := re.search(r"Parameters: \{ (.+) \} are not used", str(warning.message)):
            raise HyperparametersError(
                f"[hyperparameters] of settings.toml has {unused[1]}, which XGBoost does not use: misspelt, "
                "or without effect beside the others"
            )


def statistics() -> baseline.Baseline:
    """Return the statistics of the training rows, in the order of the columns."""
    rows, _ = read_labelled_rows(job.channel("train"))
    numeric: baseline.Kind = "numeric"
    kinds: dict[str, baseline.Kind] = {
        features.CATEGORY: "categoric",
        **dict.fromkeys(features.MEASUREMENTS, numeric),
    }
    return baseline.of_rows([row.values for row in rows], {name: kinds[name] for name in features.COLUMNS})


def labelled(name: str, preprocessing: Preprocessing) -> xgboost.DMatrix:
    """The rows of a channel, as the model sees them, with their targets."""
    rows, targets = read_labelled_rows(job.channel(name))
    return xgboost.DMatrix(preprocessing.apply(rows), targets, feature_names=preprocessing.names)


if __name__ == "__main__":
    job.run(main)
