"""The card of a model version, which the approver reads in the model registry.

Its form is SageMaker's: the schema of model cards without the details of the package, which SageMaker adds itself. Source:
`model_card_schema.json` of aws/sagemaker-python-sdk.
"""

from collections.abc import Sequence
from typing import Any

from mlops_platform.monitoring.baseline import Baseline

PURPOSE = "Predicts the number of rings of an abalone, and so its age, from measurements that do not harm it."
CAVEATS = (
    "Measured on rows of the same survey that the model was trained on. Elsewhere the relation between size and age may differ: watch the "
    "drift of the requests."
)
LONGEST_VALUE = 255
SHOWN_COLUMNS = 50
"""The card has at most 100,000 characters (SageMaker API Reference, ModelPackageModelCard); importance.json has every column."""


def content(
    model: str, hyperparameters: Sequence[str], evaluation: dict[str, Any], baseline: Baseline
) -> dict[str, Any]:
    """Return the card.

    Args:
        model: Name of the model.
        hyperparameters: Those it was trained with, as NAME=VALUE.
        evaluation: The evaluation report.
        baseline: The statistics of its training rows, with the importance of each column, the largest first.
    """
    champion = evaluation["champion"]
    compared = [_number("mse of the champion", champion["mse"]["value"])] if "mse" in champion else []
    important = list(baseline.importance.items())
    hidden = len(important[SHOWN_COLUMNS:])
    left_out = f" {hidden} less important columns are not shown: importance.json has them." if hidden else ""
    quality = [_number(name, metric["value"]) for name, metric in evaluation["regression_metrics"].items()]
    return {
        # The card of a version has no other members here. Source: SageMaker Developer Guide, "Model package model card schema".
        "model_overview": {"model_creator": model},
        "intended_uses": {"purpose_of_model": PURPOSE, "risk_rating": "Unknown"},
        "training_details": {
            "training_observations": _observations(evaluation["data"], baseline)[:1024],
            "training_job_details": {"user_provided_hyper_parameters": [_parameter(text) for text in hyperparameters]},
        },
        "evaluation_details": [
            {
                "name": "Rows that training has not seen",
                "evaluation_observation": f"{evaluation['rows']} rows. Champion: {champion['outcome']}."[
                    : 2096 - len(left_out)
                ]
                + left_out,
                "metric_groups": [
                    {"name": "Quality", "metric_data": quality},
                    {
                        "name": "Champion and challenger",
                        "metric_data": [
                            _text("version that was compared with", champion["version"]),
                            _number("improvement", champion["improvement"]),
                            *compared,
                        ],
                    },
                    {
                        "name": "Importance of the columns",
                        "metric_data": [_number(name, value) for name, value in important[:SHOWN_COLUMNS]],
                    },
                ],
            }
        ],
        "additional_information": {"caveats_and_recommendations": CAVEATS},
    }


def _observations(data: dict[str, Any], baseline: Baseline) -> str:
    return (
        f"Trained on {baseline.rows} of {data['rows']} rows of {data['source']} (SHA-256 {data['sha256']}) with the columns "
        f"{', '.join(baseline.features)}."
    )


def _number(name: str, value: float) -> dict[str, Any]:
    return {"name": name[:LONGEST_VALUE], "type": "number", "value": value}


def _text(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "value": value}


def _parameter(text: str) -> dict[str, str]:
    name, _, value = text.partition("=")
    return {"name": name[:LONGEST_VALUE], "value": value[:LONGEST_VALUE]}
