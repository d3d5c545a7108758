"""The card of a model version, held against SageMaker's schema of them.

`model_card_schema.json` is `sagemaker-core/src/sagemaker/core/tools/model_card/model_card_schema.json` of aws/sagemaker-python-sdk at
a24812666d258d9d19c9a82d0c9385ca0bd3ba01, unchanged: copyright Amazon.com, Inc. or its affiliates, Apache License 2.0.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mlops_platform.monitoring.baseline import Baseline
from tests.template_repos.conftest import ROOT
from tests.template_repos.mlops_platform.monitoring.abalone import baseline

SCHEMA = Path(__file__).with_name("model_card_schema.json")
LONGEST = 100_000
"""Characters of `ModelCardContent`. Source: botocore, CreateModelPackage."""


def model_card() -> ModuleType:
    file = ROOT / "template-repos" / "model-training" / "steps" / "model_card.py"
    spec = importlib.util.spec_from_file_location("model_card_of_the_template", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def evaluation(champion: dict[str, Any]) -> dict[str, Any]:
    metrics = {name: {"value": 1.5} for name in ("mse", "rmse", "mae", "r2")}
    return {
        "regression_metrics": metrics,
        "baseline": {"mse": {"value": 10.0}},
        "rows": 627,
        "data": {"source": "feature group p-abcdefghijkl-abalone as of now", "rows": 4177, "sha256": "b" * 64},
        "champion": champion,
    }


NO_CHAMPION = {"version": "none", "improvement": 1.0, "outcome": "there is no version to compare with"}


@pytest.mark.parametrize(
    "champion",
    [
        NO_CHAMPION,
        {"version": "12", "mse": {"value": 1.6}, "improvement": 0.06, "outcome": "6.2% below"},
        {"version": "12", "improvement": 1.0, "outcome": "version 12 cannot predict these rows: " + "x" * 5000},
    ],
)
def test_the_card_of_the_training_template_has_the_form_that_sagemaker_takes(
    champion: dict[str, Any], tmp_path: Path
) -> None:
    hyperparameters = ["objective=reg:squarederror", "eta=0.05", f"long={'x' * 5000}", "no value"]
    card = model_card().content("house-p-abcdefghijkl", hyperparameters, evaluation(champion), baseline())
    assert problems(card, tmp_path) == ""
    # That schema is of cards of their own: a version's may say less. Source: SageMaker Developer Guide, "View and Update the Details
    # of a Model Version", part "Model package model card schema".
    assert card["model_overview"].keys() <= {"model_creator", "model_artifact"}
    assert len(json.dumps(card)) < LONGEST


def test_the_card_of_many_columns_has_the_most_important_ones_and_says_how_many_it_leaves_out(tmp_path: Path) -> None:
    columns = [f"{'long' * 50}_{number}" for number in range(1500)]
    measured = baseline().features["length"]
    many = Baseline(
        rows=10,
        features=dict.fromkeys(columns, measured),
        importance={name: 1500.0 - number for number, name in enumerate(columns)},
    )
    card = model_card().content("house-p-abcdefghijkl", [], evaluation(NO_CHAMPION), many)
    assert problems(card, tmp_path) == ""
    assert len(json.dumps(card)) < LONGEST
    [details] = card["evaluation_details"]
    [shown] = [group["metric_data"] for group in details["metric_groups"] if "Importance" in group["name"]]
    assert [each["name"] for each in shown] == columns[:50]
    assert "1450 less important columns are not shown" in details["evaluation_observation"]


def test_a_card_of_another_form_is_noticed(tmp_path: Path) -> None:
    assert "'algorithm' was unexpected" in problems({"model_overview": {"algorithm": "XGBoost"}}, tmp_path)


def problems(card: dict[str, Any], folder: Path) -> str:
    """Return what the schema says against a card; nothing if it has the form."""
    file = folder / "card.json"
    file.write_text(json.dumps(card))
    program = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run([program, "--schemafile", SCHEMA, file], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr
