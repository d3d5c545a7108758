"""Cards of model packages: SageMaker refuses content that does not have their form.

Source: SageMaker Developer Guide, "Model package model card schema"; API Reference, ModelPackageModelCard.
"""

import json
from typing import Any

import pytest

from tests.sandbox_aws.account import Account
from tests.sandbox_aws.test_aws_permissions import refusal

CARD: dict[str, Any] = {
    "model_overview": {"model_creator": "Ada", "model_artifact": ["s3://bucket/model.tar.gz"]},
    "intended_uses": {"purpose_of_model": "Predicts", "risk_rating": "Low"},
    "training_details": {
        "objective_function": {"function": {"function": "Minimize"}, "notes": "error"},
        "training_job_details": {"user_provided_hyper_parameters": [{"name": "depth", "value": "5"}]},
    },
    "evaluation_details": [
        {
            "name": "Holdout",
            "datasets": ["s3://bucket/test.csv"],
            "metric_groups": [
                {
                    "name": "Quality",
                    "metric_data": [
                        {"name": "mse", "type": "number", "value": 4.8},
                        {"name": "better", "type": "boolean", "value": True},
                        {"name": "curve", "type": "linear_graph", "value": [[0, 1], [1, 0]]},
                        {"name": "bars", "type": "bar_chart", "value": [1, 2], "x_axis_name": ["a", "b"]},
                        {"name": "confusion", "type": "matrix", "value": [[1, 2], [3, 4]]},
                    ],
                }
            ],
        }
    ],
    "additional_information": {"custom_details": {"commit": "0123"}},
}
LONG = "x" * 2049


@pytest.fixture(scope="module")
def group(dev: Account) -> str:
    dev.client("sagemaker").create_model_package_group(ModelPackageGroupName="cards")
    return "cards"


def card(content: Any, status: str = "Draft") -> dict[str, str]:
    """Return the card of a package."""
    return {"ModelCardContent": content if isinstance(content, str) else json.dumps(content), "ModelCardStatus": status}


def test_a_card_is_kept_changed_and_at_last_archived(dev: Account, group: str) -> None:
    registry = dev.client("sagemaker")
    arn = registry.create_model_package(ModelPackageGroupName=group, ModelCard=card(CARD))["ModelPackageArn"]
    assert json.loads(registry.describe_model_package(ModelPackageName=arn)["ModelCard"]["ModelCardContent"]) == CARD
    registry.update_model_package(ModelPackageArn=arn, ModelCard=card({}))
    registry.update_model_package(ModelPackageArn=arn, ModelCard={"ModelCardStatus": "Archived"})
    found = registry.describe_model_package(ModelPackageName=arn)["ModelCard"]
    assert found == {"ModelCardContent": "{}", "ModelCardStatus": "Archived"}
    again = refusal(registry.update_model_package, ModelPackageArn=arn, ModelCard=card(CARD))
    assert again == ("ValidationException", "Model Card is in Archived state")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("no JSON", "it is not JSON"),
        ([], "model card is no object"),
        ({"model_package_details": {}}, "has no model_package_details"),
        ({"model_overview": {"model_description": "a model"}}, "model_overview has no model_description"),
        ({"model_overview": {"model_artifact": "s3://a"}}, "model_artifact is no array"),
        ({"intended_uses": {"purpose_of_model": LONG}}, "2049 characters"),
        ({"intended_uses": {"risk_rating": "None"}}, "none of High, Medium, Low, Unknown"),
        ({"evaluation_details": [{"datasets": []}]}, "lacks name"),
        ({"evaluation_details": [{"name": "a", "datasets": ["b"] * 11}]}, "11 items"),
        ({"evaluation_details": [{"name": "a", "metric_groups": [{"name": "b"}]}]}, "lacks metric_data"),
        ({"additional_information": {"custom_details": {"a": 1}}}, "is no string"),
        (
            {"training_details": {"training_job_details": {"hyper_parameters": [{"name": "a", "value": 5}]}}},
            "no string",
        ),
    ],
)
def test_content_of_another_form_is_refused(dev: Account, group: str, content: Any, part: str) -> None:
    request = {"ModelPackageGroupName": group, "ModelCard": card(content)}
    code, message = refusal(dev.client("sagemaker").create_model_package, **request)
    assert (code, part in message) == ("ValidationException", True), message


@pytest.mark.parametrize(
    ("metric", "part"),
    [
        ({"name": "a", "type": "table", "value": 1}, "type is none of"),
        ({"name": "a", "type": "number"}, "lacks value"),
        ({"name": "", "type": "number", "value": 1}, "0 characters"),
        ({"name": "a", "type": "string", "value": "x" * 64}, "64 characters"),
        ({"name": "a", "type": "number", "value": 1, "unit": "s"}, "has no unit"),
        ({"name": "a", "type": "linear_graph", "value": [[1, 2, 3]]}, "3 items"),
        ({"name": "a", "type": "matrix", "value": [[1] * 21]}, "21 items"),
        ({"name": "a", "type": "bar_chart", "value": []}, "0 items"),
    ],
)
def test_metrics_of_another_form_are_refused(dev: Account, group: str, metric: dict[str, Any], part: str) -> None:
    content = {"evaluation_details": [{"name": "a", "metric_groups": [{"name": "b", "metric_data": [metric]}]}]}
    request = {"ModelPackageGroupName": group, "ModelCard": card(content)}
    code, message = refusal(dev.client("sagemaker").create_model_package, **request)
    assert (code, part in message) == ("ValidationException", True), message
