"""Mistakes in a definition that are found before it is sent to SageMaker."""

import copy
from typing import Any

import pytest

from mlops_platform.pipeline.expressions import VERSION, Json, from_property_file, parameter, step_property
from mlops_platform.pipeline.local_run import in_order
from mlops_platform.pipeline.validation import problems

MODEL_STEP: Json = {
    "Name": "Model",
    "Type": "Model",
    "Arguments": {"ExecutionRoleArn": parameter("Role"), "EnableNetworkIsolation": True},
}
DEFINITION: Json = {
    "Version": VERSION,
    "Parameters": [{"Name": "Role", "Type": "String", "DefaultValue": "arn:aws:iam::111122223333:role/example"}],
    "Steps": [MODEL_STEP],
}


def test_a_right_definition_has_no_problem() -> None:
    assert problems(DEFINITION) == []


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("RoleArm", "x", 'Model: Unknown parameter in input: "RoleArm"'),
        ("EnableNetworkIsolation", "yes", "Model: Invalid type for parameter EnableNetworkIsolation"),
        ("ExecutionRoleArn", parameter("Missing"), "Model refers to the parameter Missing, which does not exist"),
        ("ExecutionRoleArn", step_property("Before", "Arn"), "Model refers to the step Before, which does not exist"),
        ("PrimaryContainer", {"Mode": "Sometimes"}, "PrimaryContainer.Mode is 'Sometimes', which SageMaker does not"),
        ("Containers", [{"Mode": "Sometimes"}], "Containers[0].Mode is 'Sometimes', which SageMaker does not know"),
        (
            "ExecutionRoleArn",
            from_property_file("Model", "Report", "role"),
            "Model refers to the property file Report, which Model does not have",
        ),
    ],
)
def test_a_mistake_is_named_with_its_step(key: str, value: Any, problem: str) -> None:
    definition = copy.deepcopy(DEFINITION)
    definition["Steps"][0]["Arguments"][key] = value
    found = problems(definition)
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    ("kind", "arguments", "problem"),
    [
        (
            "Processing",
            {"AppSpecification": {"ImageUri": "image", "ContainerArguments": ["a", "v" * 257]}},
            "AppSpecification.ContainerArguments[1] has 257 characters, and SageMaker takes at most 256",
        ),
        (
            "Processing",
            {"AppSpecification": {"ImageUri": "image", "ContainerArguments": ["a"] * 101}},
            "AppSpecification.ContainerArguments has 101 elements, and SageMaker takes at most 100",
        ),
        (
            "Processing",
            {"Environment": {"A": "v" * 257}},
            "Environment.A has 257 characters, and SageMaker takes at most 256",
        ),
        (
            "Training",
            {"HyperParameters": {"eta": "v" * 2501}},
            "HyperParameters.eta has 2501 characters, and SageMaker takes at most 2500",
        ),
        (
            "Training",
            {"HyperParameters": {"k" * 257: "1"}},
            f"HyperParameters.{'k' * 257}: the name has 257 characters, and SageMaker takes at most 256",
        ),
        (
            "Training",
            {"HyperParameters": {str(number): "1" for number in range(101)}},
            "HyperParameters has 101 elements, and SageMaker takes at most 100",
        ),
        (
            "Training",
            {"RetryStrategy": {"MaximumRetryAttempts": 31}},
            "RetryStrategy.MaximumRetryAttempts is 31, and SageMaker takes at most 30",
        ),
    ],
)
def test_what_is_more_than_sagemaker_takes_is_named_without_its_value(kind: str, arguments: Json, problem: str) -> None:
    found = problems({"Version": VERSION, "Steps": [{"Name": "Job", "Type": kind, "Arguments": arguments}]})
    assert [each for each in found if "at most" in each] == [f"Job: {problem}"]


def test_as_much_as_sagemaker_takes_is_no_problem() -> None:
    arguments = {"AppSpecification": {"ImageUri": "image", "ContainerArguments": ["v" * 256] * 100}}
    found = problems({"Version": VERSION, "Steps": [{"Name": "Job", "Type": "Processing", "Arguments": arguments}]})
    assert [each for each in found if "at most" in each] == []


def test_a_wrong_default_is_found_where_it_is_used() -> None:
    definition = copy.deepcopy(DEFINITION)
    definition["Parameters"][0]["DefaultValue"] = 7
    assert any("Invalid type for parameter ExecutionRoleArn, value: 7" in problem for problem in problems(definition))


def test_an_unknown_type_of_step_is_named() -> None:
    assert problems({**DEFINITION, "Steps": [{"Name": "Odd", "Type": "Magic", "Arguments": {}}]}) == [
        "Odd has the unknown type Magic"
    ]


def step(name: str, *after: str) -> Json:
    return {"Name": name, "Type": "Fail", "Arguments": {}, "DependsOn": list(after)}


def test_steps_are_run_after_those_they_refer_to() -> None:
    refers: Json = {**step("A"), "Arguments": {"ErrorMessage": step_property("B", "Arn")}}
    assert [each["Name"] for each in in_order([refers, step("B", "C"), step("C")])] == ["C", "B", "A"]


def test_steps_in_a_circle_are_named() -> None:
    with pytest.raises(ValueError, match="circle: A, B"):
        in_order([step("A", "B"), step("B", "A"), step("C")])
