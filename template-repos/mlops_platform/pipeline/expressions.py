"""The expressions of a pipeline definition (version 2020-12-01) that SageMaker evaluates while the pipeline runs."""

from collections.abc import Sequence
from typing import Any, cast

Json = dict[str, Any]
"""A JSON object."""

VERSION = "2020-12-01"
"""Version of the definition language."""


def parameter(name: str) -> Json:
    """Return the value of a parameter of the pipeline."""
    return {"Get": f"Parameters.{name}"}


def execution_id() -> Json:
    """Return the id of the running execution."""
    return {"Get": "Execution.PipelineExecutionId"}


def step_property(step: str, path: str) -> Json:
    """Return a property from the answer to a step's Describe call, for example `ModelArtifacts.S3ModelArtifacts`."""
    return {"Get": f"Steps.{step}.{path}"}


def processing_output(step: str, output: str) -> Json:
    """Return the S3 URI of an output of a processing step."""
    return step_property(step, f"ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri")


def join(separator: str, values: Sequence[str | Json]) -> Json:
    """Join values into one string."""
    return {"Std:Join": {"On": separator, "Values": list(values)}}


def from_property_file(step: str, property_file: str, path: str) -> Json:
    """Return a value in a JSON file that a processing step has written."""
    return {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{step}.PropertyFiles.{property_file}"}, "Path": path}}


def is_expression(value: Any) -> bool:
    """Tell whether a value is an expression that SageMaker evaluates."""
    return (
        isinstance(value, dict)
        and set(cast("Json", value)) <= {"Get", "Std:Join", "Std:JsonGet"}
        and len(cast("Json", value)) == 1
    )


def references(value: Any) -> list[str]:
    """Return every path that the expressions within a value get, for example `Parameters.TrainingInstanceType`."""
    if isinstance(value, list):
        return [path for element in cast("list[Any]", value) for path in references(element)]
    if isinstance(value, dict):
        content = cast("Json", value)
        if set(content) == {"Get"}:
            return [str(content["Get"])]
        return [path for element in content.values() for path in references(element)]
    return []


def nested_steps(steps: Sequence[Json]) -> list[Json]:
    """Return steps together with those within their conditions."""
    result: list[Json] = []
    for step in steps:
        result.append(step)
        for branch in ("IfSteps", "ElseSteps"):
            result.extend(nested_steps(step["Arguments"].get(branch, [])))
    return result
